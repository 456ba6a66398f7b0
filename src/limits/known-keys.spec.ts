import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import type { ReadConnection } from '../database/read-connection.js';
import { KnownKeys } from './known-keys.js';

/** Finds keys whose hold is among the rows, and lists what was asked. */
function stage(rows: readonly object[]) {
  const asked: (readonly unknown[])[] = [];
  const read = (_: string, parameters: readonly unknown[]) => {
    asked.push(parameters);
    return Promise.resolve(rows);
  };
  const keys = new KnownKeys({ read } as unknown as ReadConnection);
  const isRepeat = (key: string | undefined, keyRoute: string | undefined) => {
    const headers = { 'idempotency-key': key };
    const request = { headers, routeOptions: { config: { keyRoute } } };
    return keys.isRepeat(request as unknown as FastifyRequest, 'ada');
  };
  return { asked, isRepeat };
}

describe('KnownKeys', () => {
  it('looks a key up for its owner and its route', async () => {
    const known = stage([{ id: 'hold' }]);
    expect(await known.isRepeat('k', 'chat')).toBe(true);
    expect(known.asked).toEqual([['ada', 'chat', 'k']]);
    const unknown = stage([]);
    expect(await unknown.isRepeat('k', 'chat')).toBe(false);
    expect(unknown.asked).toEqual([['ada', 'chat', 'k']]);
  });

  it.each([
    ['without a key', undefined, 'chat'],
    ['on a route without keys', 'k', undefined],
  ])('returns false at once and asks nothing for a request %s', (_, key, keyRoute) => {
    const { asked, isRepeat } = stage([{ id: 'hold' }]);
    expect(isRepeat(key, keyRoute)).toBe(false);
    expect(asked).toEqual([]);
  });
});
