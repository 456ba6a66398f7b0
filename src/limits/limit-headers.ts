import type { FastifyReply, FastifyRequest } from 'fastify';
import { isOpenAiPath } from '../http/openai-error.js';
import type { Taken } from './counters.js';
import type { Policy } from './policy.js';

/** Returns whole seconds, at least one, rounded up: a client that comes back earlier would be refused again. */
export const secondsOf = ({ resetMs }: Taken) => Math.max(1, Math.ceil(resetMs / 1000));

/**
 * Sets the headers that show the state of a limit, as in draft-ietf-httpapi-ratelimit-headers. Below `/v1` it also
 * sets the headers of OpenAI. If several limits apply to a response, it lists each of them.
 */
export function tellLimit(
  request: FastifyRequest,
  reply: FastifyReply,
  { name, quota, onWire }: Policy,
  taken: Taken,
): void {
  const [r, t] = [String(taken.remaining), String(secondsOf(taken))];
  const told = reply.getHeader('ratelimit-policy');
  const before = told === undefined ? '' : `${String(reply.getHeader('ratelimit'))}, `;
  void reply.header('RateLimit-Policy', told === undefined ? onWire : `${String(told)}, ${onWire}`);
  void reply.header('RateLimit', `${before}"${name}";r=${r};t=${t}`);
  if (!isOpenAiPath(request.url)) return;
  void reply.headers({
    'x-ratelimit-limit-requests': String(quota),
    'x-ratelimit-remaining-requests': r,
    'x-ratelimit-reset-requests': `${t}s`,
  });
}
