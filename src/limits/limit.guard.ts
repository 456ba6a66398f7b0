import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { limitOf, type RouteMarks } from '../http/route-table.js';
import type { Principal } from '../principal.js';
import { KnownKeys } from './known-keys.js';
import { Limiter } from './limiter.service.js';

/** Stands behind the guard that finds out who is calling. A replay by its key counts as a read. */
@Injectable()
export class LimitGuard implements CanActivate {
  constructor(
    private readonly limiter: Limiter,
    private readonly knownKeys: KnownKeys,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (!this.limiter.isOn) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { user?: Principal }>();
    // Public routes are counted by network, before their body was read.
    if (!request.user) return true;
    const exchange = { request, reply: http.getResponse<FastifyReply>() };
    const { userId } = request.user;
    if (limitOf(request.routeOptions.config as RouteMarks) !== 'spend') {
      return this.limiter.admitPerson(exchange, userId, 'read');
    }
    if (request.headers['idempotency-key'] === undefined) {
      return this.limiter.admitPerson(exchange, userId, 'spend');
    }
    return this.knownKeys
      .isRepeat(request, userId)
      .then((isRepeat) => this.limiter.admitPerson(exchange, userId, isRepeat ? 'read' : 'spend'));
  }
}
