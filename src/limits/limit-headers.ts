import type { FastifyReply, FastifyRequest } from 'fastify';
import { isOpenAiPath } from '../http/openai-error.js';
import type { Taken } from './counters.js';
import type { Policy } from './policy.js';

/** Whole seconds, at least one: a client that comes back earlier would be refused again. */
export const secondsOf = ({ resetMs }: Taken) => Math.max(1, Math.ceil(resetMs / 1000));

/**
 * Tells on an answer how a limit stands, as draft-ietf-httpapi-ratelimit-headers has it; below `/v1` also as
 * OpenAI's clients read it. An answer that is held to several limits tells each.
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
