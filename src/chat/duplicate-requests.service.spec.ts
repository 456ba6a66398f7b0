import { describe, expect, it } from '@jest/globals';
import { IdempotencyKeyInUse } from '../errors.js';
import type { HoldsService } from '../wallet/holds.service.js';
import type { HoldStops } from '../wallet/hold-stops.js';
import { RunningAnswers } from './running-answers.js';
import { DuplicateRequests } from './duplicate-requests.service.js';

const KEY = { route: 'chat', key: 'k', hash: 'h' } as const;
const RUNS = new IdempotencyKeyInUse('turn');

/**
 * Requests of one owner with the same key. `looks` lists the result of each read of the key; the last result
 * repeats.
 */
function duplicatesThat(looks: (string | undefined | Error)[], settled?: Promise<void>) {
  const seen = { looks: 0, runs: 0, states: 0 };
  const findByKey = () => {
    const found = looks[Math.min(seen.looks, looks.length - 1)];
    seen.looks += 1;
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  const stateOf = () => {
    seen.states += 1;
    return Promise.resolve(looks.at(-1) === RUNS ? 'open' : 'captured');
  };
  const holds = { findByKey, stateOf } as unknown as HoldsService;
  const waits: AbortSignal[] = [];
  const whenSettled = (_: string, signal: AbortSignal) => {
    waits.push(signal);
    return settled;
  };
  const running = { whenSettled } as unknown as RunningAnswers;
  const duplicates = new DuplicateRequests(holds, running);
  const once = (run: () => Promise<string>) =>
    duplicates.once(
      'ada',
      KEY,
      (holdId) => Promise.resolve(`replay of ${holdId}`),
      () => {
        seen.runs += 1;
        return run();
      },
    );
  return { once, seen, waits };
}

const never = () => Promise.reject(new Error('must not run'));

describe('requests with one Idempotency-Key', () => {
  it('run if the key is free', async () => {
    const { once, seen } = duplicatesThat([undefined]);
    expect(await once(() => Promise.resolve('first'))).toBe('first');
    expect(seen).toEqual({ looks: 1, runs: 1, states: 0 });
  });

  it('are replayed if the key was used before', async () => {
    const { once } = duplicatesThat(['hold']);
    expect(await once(never)).toBe('replay of hold');
  });

  it('get the answer of the first request when it ends in this process', async () => {
    const { once, seen } = duplicatesThat([RUNS, 'hold'], Promise.resolve());
    expect(await once(never)).toBe('replay of hold');
    expect(seen.looks).toBe(2);
  });

  it('look again for the first request if it runs in another process', async () => {
    const { once, seen } = duplicatesThat([RUNS, RUNS, RUNS, 'hold']);
    expect(await Promise.all([once(never), once(never), once(never)])).toEqual(
      Array(3).fill('replay of hold'),
    );
    // They share one read.
    expect(seen.states).toBe(1);
  });

  it('get a 409 after a while if the first request still runs', async () => {
    const { once, seen } = duplicatesThat([RUNS]);
    await expect(once(never)).rejects.toBe(RUNS);
    expect(seen.looks).toBeLessThan(5);
  });

  it('leave nothing behind after they give up', async () => {
    const { once, waits } = duplicatesThat([RUNS], new Promise(() => undefined));
    await expect(once(never)).rejects.toBe(RUNS);
    // A timer may be early by a part of a millisecond, and then there is another wait.
    expect(waits).not.toEqual([]);
    expect(waits.filter(({ aborted }) => !aborted)).toEqual([]);
    const answers = new RunningAnswers({
      requestedStops: () => Promise.resolve([]),
    } as unknown as HoldStops);
    answers.add({ ownerId: 'ada', turnId: 'turn', stop: () => undefined });
    const [left, stayed] = [new AbortController(), new AbortController()];
    const settledSignals: string[] = [];
    void answers.whenSettled('turn', left.signal)?.then(() => settledSignals.push('left'));
    const end = answers
      .whenSettled('turn', stayed.signal)
      ?.then(() => settledSignals.push('stayed'));
    left.abort();
    answers.remove('turn');
    await end;
    expect(settledSignals).toEqual(['stayed']);
    expect(answers.whenSettled('turn', stayed.signal)).toBeUndefined();
    await answers.onModuleDestroy();
  });

  it('wait while one of them takes the key, and do not take it themselves', async () => {
    const { once, seen } = duplicatesThat([undefined, undefined, undefined, 'hold']);
    let take: (made: string) => void = () => undefined;
    const first = once(() => new Promise((resolve) => (take = resolve)));
    const others = [once(never), once(never)];
    await new Promise((resolve) => setImmediate(resolve));
    take('first');
    expect(await Promise.all([first, ...others])).toEqual([
      ...['first', 'replay of hold', 'replay of hold'],
    ]);
    expect(seen.runs).toBe(1);
  });

  it('run one after the other if each one fails', async () => {
    const { once, seen } = duplicatesThat([undefined]);
    const refused = new Error('refused');
    const all = [once(() => Promise.reject(refused)), once(() => Promise.resolve('second'))];
    expect(await Promise.allSettled(all)).toMatchObject([
      { status: 'rejected', reason: refused },
      { status: 'fulfilled', value: 'second' },
    ]);
    expect(seen.runs).toBe(2);
  });

  it('are replayed if another process took the key first', async () => {
    const { once } = duplicatesThat([undefined, RUNS, 'hold']);
    expect(await once(() => Promise.reject(new Error('taken')))).toBe('replay of hold');
  });
});
