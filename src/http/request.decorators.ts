import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../principal.js';
import type { RouteAccess, RouteMarks } from './route-table.js';

const MARKS = Symbol('route marks');

/** The caller; only on routes that are not `@Public()`. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>().user,
);

/** Adds to what the other decorators of the handler say: a second `RouteConfig` alone would undo the first. */
function mark(marks: RouteMarks): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    const before = (Reflect.getMetadata(MARKS, handler) ?? {}) as RouteMarks;
    const all = { ...before, ...marks };
    Reflect.defineMetadata(MARKS, all, handler);
    RouteConfig(all)(target, name, descriptor);
  };
}

/** Opens a route to callers without credentials. Everything else is closed; a test holds the list. */
export const Public = (marks: Omit<RouteMarks, 'isPublic' | 'access'> = {}): MethodDecorator =>
  mark({ isPublic: true, ...marks });

/**
 * Says what may call a route that is not public: API keys with this scope, `any` API key, or only a `session`.
 * A test fails for a route that does not say it.
 */
export const Access = (
  access: RouteAccess,
  marks: Pick<RouteMarks, 'anyAccept'> = {},
): MethodDecorator => mark({ access, ...marks });

/**
 * Marks a route that can reach a provider: it is limited as spending, unless its Idempotency-Key is known
 * on `keyRoute`, for then nothing is spent. Without `keyRoute` it refuses an Idempotency-Key.
 */
export const Spends = (
  keyRoute: string | undefined,
  marks: Pick<RouteMarks, 'jsonCommasMax'> = {},
): MethodDecorator =>
  mark({ limit: 'spend', ...(keyRoute !== undefined && { keyRoute }), ...marks });

/** Marks a route that heeds an Idempotency-Key without spending; `@Spends` says so by itself. */
export const TakesKey = (): MethodDecorator => mark({ takesKey: true });

/** Whether the matched route was marked `@Public()`. */
export function isPublic(request: FastifyRequest): boolean {
  return (request.routeOptions.config as RouteMarks).isPublic === true;
}
