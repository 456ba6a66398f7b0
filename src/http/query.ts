import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * A parameter of the query; of one given twice the last counts, as in Django. Undefined without it, and where it is
 * empty, as a form sends what nobody filled in.
 */
export function queryText({ query }: FastifyRequest, name: string): string | undefined {
  const given = (query as Record<string, string | string[] | undefined>)[name];
  return (Array.isArray(given) ? given.at(-1) : given) || undefined;
}

/** A handler's parameter that takes one of the query: `@QueryText('turn') turn: string | undefined`. */
export const QueryText = createParamDecorator(
  (name: string, context: ExecutionContext): string | undefined =>
    queryText(context.switchToHttp().getRequest<FastifyRequest>(), name),
);
