import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { IdempotencyKeyInUse } from '../errors.js';
import { IdempotencyService } from './idempotency.service.js';

const KEY = { route: 'chat', key: 'k' } as const;
const RUNS = new IdempotencyKeyInUse('turn');
const TAKEN = Object.assign(new Error('taken'), { code: '23505' });
const UNIQUE_VIOLATION = new QueryFailedError('INSERT', [], TAKEN);

/**
 * Requests of one owner with the same key. `looks` lists the result of each read of the key; the last result
 * repeats. `ended` is the end of the answer that runs.
 */
function requestsThat(looks: (string | undefined | Error)[], ended?: Promise<void>) {
  const seen = { looks: 0, runs: 0 };
  const waits: AbortSignal[] = [];
  const service = new IdempotencyService();
  const once = (run: () => Promise<string>, { ownerId = 'ada', record = KEY } = {}) =>
    service.once(ownerId, record, {
      find: (known) => {
        expect(known).toBe(record);
        const found = looks[Math.min(seen.looks, looks.length - 1)];
        seen.looks += 1;
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
      },
      run: () => {
        seen.runs += 1;
        return run();
      },
      ...(ended && {
        whenEnded: (turnId: string, signal: AbortSignal) => {
          expect(turnId).toBe('turn');
          waits.push(signal);
          return ended;
        },
      }),
    });
  return { once, seen, waits, service };
}

const never = () => Promise.reject(new Error('must not run'));
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A promise that is resolved from outside. */
function promised() {
  let resolve: (value: string) => void = () => undefined;
  const promise = new Promise<string>((done) => (resolve = done));
  return { promise, resolve };
}

describe('requests with one Idempotency-Key', () => {
  it('run if the key is free', async () => {
    const { once, seen } = requestsThat([undefined]);
    expect(await once(() => Promise.resolve('first'))).toBe('first');
    expect(seen).toEqual({ looks: 1, runs: 1 });
  });

  it('run without a look if there is no key', async () => {
    const { service, seen } = requestsThat([undefined]);
    const work = { find: never, run: () => Promise.resolve('made') };
    const both = [service.once('ada', undefined, work), service.once('ada', undefined, work)];
    expect(await Promise.all(both)).toEqual(['made', 'made']);
    expect(seen.looks).toBe(0);
  });

  it('are replayed if the key was used before', async () => {
    const { once, seen } = requestsThat(['earlier']);
    expect(await once(never)).toBe('earlier');
    expect(seen).toEqual({ looks: 1, runs: 0 });
  });

  it('get the answer of the first request when it ends', async () => {
    const { once, seen, waits } = requestsThat([RUNS, 'earlier'], Promise.resolve());
    expect(await once(never)).toBe('earlier');
    expect(seen).toEqual({ looks: 2, runs: 0 });
    // Nothing is left that waits for the end.
    expect(waits.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it.each([
    ['does not end', new Promise<void>(() => undefined)],
    ['cannot be waited for', undefined],
  ])('get a 409 after a while if the first answer %s', async (_, ended) => {
    const { once, seen, waits } = requestsThat([RUNS], ended);
    await expect(once(never)).rejects.toBe(RUNS);
    // A timer may be early by a part of a millisecond, and then there is another wait.
    expect(seen.looks).toBeLessThan(5);
    expect(seen.runs).toBe(0);
    expect(waits.length > 0).toBe(ended !== undefined);
    expect(waits.filter(({ aborted }) => !aborted)).toEqual([]);
  });

  it('do not ask for the end of an answer that has no turn yet', async () => {
    const { once, waits } = requestsThat([new IdempotencyKeyInUse(), 'earlier'], Promise.resolve());
    expect(await once(never)).toBe('earlier');
    expect(waits).toEqual([]);
  });

  it('report an error of the wait for the first answer', async () => {
    const { once } = requestsThat([RUNS], Promise.reject(new Error('the database is away')));
    await expect(once(never)).rejects.toThrow('the database is away');
  });

  it('wait while one of them takes the key, and do not take it themselves', async () => {
    const { once, seen } = requestsThat([undefined, undefined, undefined, 'earlier']);
    const { promise, resolve } = promised();
    const first = once(() => promise);
    const others = [once(never), once(never)];
    await nextTurn();
    resolve('first');
    expect(await Promise.all([first, ...others])).toEqual(['first', 'earlier', 'earlier']);
    expect(seen.runs).toBe(1);
  });

  it('get a 409 after a while if the first one still takes the key', async () => {
    const { once, seen } = requestsThat([undefined]);
    const { promise, resolve } = promised();
    const first = once(() => promise);
    await expect(once(never)).rejects.toThrow(IdempotencyKeyInUse);
    resolve('first');
    expect(await first).toBe('first');
    expect(seen.runs).toBe(1);
  });

  it.each([
    ['owner', { ownerId: 'bob' }],
    ['route', { record: { ...KEY, route: 'grant' } as never }],
    ['key', { record: { ...KEY, key: 'other' } as never }],
    ['route and key of the same letters', { record: { route: 'cha', key: 'tk' } as never }],
  ])('do not wait for a request of another %s', async (_, other) => {
    const { once, seen } = requestsThat([undefined]);
    const { promise, resolve } = promised();
    const first = once(() => promise);
    await nextTurn();
    expect(await once(() => Promise.resolve('second'), other)).toBe('second');
    resolve('first');
    expect(await first).toBe('first');
    expect(seen.runs).toBe(2);
  });

  it('run one after the other if each one fails', async () => {
    const { once, seen } = requestsThat([undefined]);
    const refused = new Error('refused');
    const all = [once(() => Promise.reject(refused)), once(() => Promise.resolve('second'))];
    expect(await Promise.allSettled(all)).toMatchObject([
      { status: 'rejected', reason: refused },
      { status: 'fulfilled', value: 'second' },
    ]);
    expect(seen.runs).toBe(2);
  });

  it('are replayed if another process took the key first', async () => {
    const { once } = requestsThat([undefined, RUNS, 'earlier'], Promise.resolve());
    expect(await once(() => Promise.reject(UNIQUE_VIOLATION))).toBe('earlier');
  });

  it('get a 409 if another process took the key and freed it again', async () => {
    const { once, seen } = requestsThat([undefined]);
    await expect(once(() => Promise.reject(UNIQUE_VIOLATION))).rejects.toThrow(IdempotencyKeyInUse);
    expect(seen).toEqual({ looks: 2, runs: 1 });
  });
});
