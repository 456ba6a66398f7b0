import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { InsufficientScope, SessionRequired } from '../errors.js';
import { isPublic } from '../http/request.decorators.js';
import type { RouteMarks } from '../http/route-table.js';
import type { Principal } from '../principal.js';

/**
 * Guards every route: a request needs credentials, unless the route is marked `@Public()`. A request that its
 * API key does not allow is refused here, before it counts against the owner's limits.
 */
@Injectable()
export class BearerGuard extends AuthGuard('bearer') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>();
    if (isPublic(request)) return true;
    await super.canActivate(context);
    assertAccess(request.user, request.routeOptions.config as RouteMarks);
    return true;
  }
}

function assertAccess({ key }: Principal, { access = 'session' }: RouteMarks): void {
  if (!key || access === 'any') return;
  if (access === 'session') throw new SessionRequired();
  if (!key.scopes.includes(access)) throw new InsufficientScope(access);
}
