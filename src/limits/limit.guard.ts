import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { limitOf, type RouteMarks } from '../http/route-table.js';
import type { Principal } from '../principal.js';
import { KnownKeys } from './known-keys.js';
import { Limiter, type LimitedRequest } from './limiter.service.js';

/**
 * Counts requests of authenticated users, after the guard that authenticates them. A replay of a known key counts
 * as a read. The number of a user's open requests is limited as well.
 */
@Injectable()
export class LimitGuard implements CanActivate {
  constructor(
    private readonly limiter: Limiter,
    private readonly knownKeys: KnownKeys,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { user?: Principal }>();
    // Requests to public routes were counted by network before their body was read.
    if (!request.user) return true;
    const { userId } = request.user;
    const exchange = { request, reply: http.getResponse<FastifyReply>() };
    const countOpenRequest = () => this.limiter.countOpenRequest(request, userId);
    const admitted = this.limiter.isOn ? this.admit(exchange, request.user) : undefined;
    return admitted instanceof Promise ? admitted.then(countOpenRequest) : countOpenRequest();
  }

  private admit(
    exchange: LimitedRequest,
    { userId, credentialId }: Principal,
  ): true | Promise<true> {
    const { request } = exchange;
    const limit = limitOf(request.routeOptions.config as RouteMarks);
    // By session, so that guesses with a stolen token do not use up what the owner has in another session.
    if (limit === 'password') return this.limiter.admitUser(exchange, credentialId, limit);
    if (limit !== 'spend') return this.limiter.admitUser(exchange, userId, 'read');
    const isRepeat = this.knownKeys.isRepeat(request, userId);
    if (isRepeat === false) return this.limiter.admitUser(exchange, userId, 'spend');
    return isRepeat.then((isKnown) =>
      this.limiter.admitUser(exchange, userId, isKnown ? 'read' : 'spend'),
    );
  }
}
