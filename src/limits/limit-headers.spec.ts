import { describe, expect, it } from '@jest/globals';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { retryAfterSeconds, setLimitHeaders } from './limit-headers.js';
import { policyOf } from './policy.js';

const spend = policyOf('spend', { count: 60, windowSeconds: 60 });
const read = policyOf('read', { count: 600, windowSeconds: 60 });
const taken = (remaining: number, resetMs: number) => ({
  ...{ granted: 1, remaining, resetMs },
  tickEndsInMs: 0,
});

/** The headers that a response to a request of this URL gets. */
function stage(url: string) {
  const headers: Record<string, unknown> = {};
  const reply = {
    getHeader: (name: string) => headers[name],
    header: (name: string, value: unknown) => Object.assign(headers, { [name]: value }),
    headers: (more: object) => Object.assign(headers, more),
  } as unknown as FastifyReply;
  return { headers, reply, request: { url } as FastifyRequest };
}

describe('setLimitHeaders', () => {
  it('shows the limit and what is left of it', () => {
    const { headers, reply, request } = stage('/api/chat/');
    setLimitHeaders(request, reply, spend, taken(59, 66_000));
    expect(headers).toEqual({
      'ratelimit-policy': '"spend";q=60;w=60',
      ratelimit: '"spend";r=59;t=66',
    });
  });

  it('lists several limits of one response', () => {
    const { headers, reply, request } = stage('/api/login/');
    setLimitHeaders(request, reply, spend, taken(59, 66_000));
    setLimitHeaders(request, reply, read, taken(0, 1500));
    expect(headers).toEqual({
      'ratelimit-policy': '"spend";q=60;w=60, "read";q=600;w=60',
      ratelimit: '"spend";r=59;t=66, "read";r=0;t=2',
    });
  });

  it("also sets OpenAI's headers below /v1", () => {
    const { headers, reply, request } = stage('/v1/chat/completions');
    setLimitHeaders(request, reply, spend, taken(59, 66_000));
    expect(headers).toEqual({
      'ratelimit-policy': '"spend";q=60;w=60',
      ratelimit: '"spend";r=59;t=66',
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '66s',
    });
  });

  it.each([
    [-5, 1],
    [0, 1],
    [1000, 1],
    [1001, 2],
    [66_000, 66],
  ])('shows %i ms as %i s', (resetMs, seconds) => {
    expect(retryAfterSeconds(taken(0, resetMs))).toBe(seconds);
  });
});
