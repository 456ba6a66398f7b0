import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * Returns a query parameter. If it is given twice, the last one counts, as in Django. Returns undefined if it is
 * missing or empty, because a form sends an empty value for a field that was not filled in.
 */
export function queryText({ query }: FastifyRequest, name: string): string | undefined {
  const given = (query as Record<string, string | string[] | undefined>)[name];
  return (Array.isArray(given) ? given.at(-1) : given) || undefined;
}

/** Provides a query parameter to a handler: `@QueryText('turn') turn: string | undefined`. */
export const QueryText = createParamDecorator(
  (name: string, context: ExecutionContext): string | undefined =>
    queryText(context.switchToHttp().getRequest<FastifyRequest>(), name),
);
