import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../principal.js';
import type { RouteAccess, RouteMarks } from './route-table.js';

const MARKS = Symbol('route marks');

/** Provides the caller. Only for routes that are not `@Public()`. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>().user,
);

/** Adds marks to those of the handler's other decorators. A second `RouteConfig` would replace the first. */
function mark(marks: RouteMarks): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    const before = (Reflect.getMetadata(MARKS, handler) ?? {}) as RouteMarks;
    const all = { ...before, ...marks };
    Reflect.defineMetadata(MARKS, all, handler);
    RouteConfig(all)(target, name, descriptor);
  };
}

/**
 * Opens a route to callers without credentials. All other routes are closed. A test contains the list of public
 * routes.
 */
export const Public = (marks: Omit<RouteMarks, 'isPublic' | 'access'> = {}): MethodDecorator =>
  mark({ isPublic: true, ...marks });

/**
 * Sets which callers may use a route that is not public: API keys with this scope, `any` API key, or only a
 * `session`. A test fails for a route without it.
 */
export const Access = (
  access: RouteAccess,
  marks: Pick<RouteMarks, 'anyAccept' | 'limit'> = {},
): MethodDecorator => mark({ access, ...marks });

/**
 * Marks a route that can reach a provider. It is limited as spending, unless its Idempotency-Key is known on
 * `keyRoute`, because a replay spends nothing. Without `keyRoute` the route refuses an Idempotency-Key.
 */
export const Spends = (
  keyRoute: string | undefined,
  marks: Pick<RouteMarks, 'jsonCommasMax'> = {},
): MethodDecorator =>
  mark({ limit: 'spend', ...(keyRoute !== undefined && { keyRoute }), ...marks });

/** Marks a route that accepts an Idempotency-Key but does not spend. `@Spends` includes this. */
export const AcceptsIdempotencyKey = (): MethodDecorator => mark({ acceptsIdempotencyKey: true });

/** Checks whether the matched route is `@Public()`. */
export function isPublic(request: FastifyRequest): boolean {
  return (request.routeOptions.config as RouteMarks).isPublic === true;
}
