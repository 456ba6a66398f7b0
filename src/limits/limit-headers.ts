import type { FastifyReply, FastifyRequest } from 'fastify';
import { isOpenAiPath } from '../http/openai-error.js';
import type { CountResult } from './counters.js';
import type { Policy } from './policy.js';

/** Returns whole seconds, at least one, rounded up: a client that comes back earlier would be refused again. */
export const retryAfterSeconds = ({ resetMs }: CountResult) =>
  Math.max(1, Math.ceil(resetMs / 1000));

/**
 * Sets the headers that show the state of a limit, as in draft-ietf-httpapi-ratelimit-headers. Below `/v1` it also
 * sets the headers of OpenAI. If several limits apply to a response, it lists each of them.
 */
export function setLimitHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  { name, quota, headerValue }: Policy,
  taken: CountResult,
): void {
  const [remaining, resetSeconds] = [String(taken.remaining), String(retryAfterSeconds(taken))];
  const earlierPolicies = reply.getHeader('ratelimit-policy');
  const earlierStates =
    earlierPolicies === undefined ? '' : `${String(reply.getHeader('ratelimit'))}, `;
  void reply.header(
    'ratelimit-policy',
    earlierPolicies === undefined ? headerValue : `${String(earlierPolicies)}, ${headerValue}`,
  );
  void reply.header('ratelimit', `${earlierStates}"${name}";r=${remaining};t=${resetSeconds}`);
  if (!isOpenAiPath(request.url)) return;
  void reply.headers({
    'x-ratelimit-limit-requests': String(quota),
    'x-ratelimit-remaining-requests': remaining,
    'x-ratelimit-reset-requests': `${resetSeconds}s`,
  });
}
