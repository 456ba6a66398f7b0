import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../principal.js';
import type { RouteMarks } from './route-table.js';

/** The caller; only on routes that are not `@Public()`. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>().user,
);

/** Opens a route to callers without credentials. Everything else is closed; a test holds the list. */
export const Public = (marks: Omit<RouteMarks, 'isPublic'> = {}): MethodDecorator =>
  applyDecorators(RouteConfig({ isPublic: true, ...marks } satisfies RouteMarks));

/**
 * Marks a route that can reach a provider: it is limited as spending, unless its Idempotency-Key is known
 * on `keyRoute`, for then nothing is spent.
 */
export const Spends = (keyRoute: string): MethodDecorator =>
  applyDecorators(RouteConfig({ limit: 'spend', keyRoute } satisfies RouteMarks));

/** Whether the matched route was marked `@Public()`. */
export function isPublic(request: FastifyRequest): boolean {
  return (request.routeOptions.config as RouteMarks).isPublic === true;
}
