import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { DatabaseBusy } from '../../src/errors.js';
import type { CountResult } from '../../src/limits/counters.js';
import { policyOf } from '../../src/limits/policy.js';
import { PostgresCounters } from '../../src/limits/postgres-counters.js';
import { databaseKinds } from '../support/databases.js';
import { stageUnits } from '../support/stages.js';

/** Ten days, more or less: so that now a tick (a tenth) is half over, and none ends while a test runs. */
const windowSeconds = Math.round((10 * Date.now()) / 1000 / 20_000.5);
const LONG = { count: 5, windowSeconds };
const five = policyOf('five', LONG);
const other = policyOf('five', LONG, 'other');
const { tickMs } = five;

const postgres = databaseKinds.filter((kind) => kind === 'postgres');
const granted = (results: readonly CountResult[]) => results.map((result) => result.granted);
const remaining = (results: readonly CountResult[]) => results.map((result) => result.remaining);

describe.each(postgres)('counters that processes share on %s', (kind) => {
  const stage = stageUnits(kind);
  let counters: PostgresCounters;
  let run: jest.SpiedFunction<UnitOfWork['run']>;

  beforeEach(() => {
    counters = new PostgresCounters(stage.units);
    run = jest.spyOn(stage.units, 'run');
  });
  afterEach(async () => {
    run.mockRestore();
    await stage.database.statements.rows('DELETE FROM rate_counters', []);
  });

  /** Lets this many ticks pass, as the rows see it. */
  const pass = (ticks: number) =>
    stage.database.statements.rows('UPDATE rate_counters SET tick = tick - $1', [ticks]);
  const nowMs = async () => {
    const sql = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now';
    const [row] = await stage.database.statements.rows<{ now: number }>(sql, []);
    return row?.now ?? 0;
  };
  /** Takes one for the same key as many times, all at once. */
  const take = (key: string, times: number, of = counters) =>
    Promise.all(Array.from({ length: times }, () => Promise.resolve(of.take(five, key, 1))));

  it('grant the quota, the earlier requests first, with one statement for all that wait', async () => {
    const [ada, bob] = await Promise.all([take('ada', 7), take('bob', 2)]);
    expect(granted(ada)).toEqual([1, 1, 1, 1, 1, 0, 0]);
    expect(remaining(ada)).toEqual([4, 3, 2, 1, 0, 0, 0]);
    expect(granted(bob)).toEqual([1, 1]);
    expect(remaining(bob)).toEqual([4, 3]);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('grant a part of what is wanted at once, and never more than the quota', async () => {
    expect(await counters.take(five, 'ada', 3)).toMatchObject({ granted: 3, remaining: 2 });
    expect(await counters.take(five, 'ada', 9)).toMatchObject({ granted: 2, remaining: 0 });
    expect(await counters.take(five, 'bob', 9)).toMatchObject({ granted: 5, remaining: 0 });
    expect(await counters.take(other, 'ada', 1)).toMatchObject({ granted: 1, remaining: 4 });
  });

  it('are one for all processes, also for requests at the same time', async () => {
    const peers = [counters, new PostgresCounters(stage.units), new PostgresCounters(stage.units)];
    const results = await Promise.all(peers.map((peer) => take('ada', 4, peer)));
    expect(results.flat().filter((result) => result.granted === 1)).toHaveLength(5);
  });

  it('refuse an exhausted key without a query until quota is free again', async () => {
    const [last] = (await take('ada', 6)).slice(-1);
    expect(run).toHaveBeenCalledTimes(1);
    const refused = await counters.take(five, 'ada', 1);
    expect(refused).toMatchObject({ granted: 0, remaining: 0, tickEndsInMs: 0 });
    expect(refused.resetMs).toBeGreaterThan(0);
    expect(refused.resetMs).toBeLessThanOrEqual(last?.resetMs ?? 0);
    expect(run).toHaveBeenCalledTimes(1);
    // Other keys, and other limits of the same key, are counted.
    expect((await counters.take(five, 'bob', 1)).granted).toBe(1);
    expect((await counters.take(other, 'ada', 1)).granted).toBe(1);
    // The time until which it is refused ends, by the clock of the process, and so does the window in the row.
    await pass(11);
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + refused.resetMs);
    const free = counters.take(five, 'ada', 1);
    clock.mockRestore();
    expect(await free).toMatchObject({ granted: 1, remaining: 4 });
  });

  it('do not remember a caller who was granted the last of the quota', async () => {
    expect(granted(await take('ada', 5))).toEqual([1, 1, 1, 1, 1]);
    await pass(11);
    expect(granted(await take('ada', 5))).toEqual([1, 1, 1, 1, 1]);
  });

  it('count in a window of eleven ticks, and report when quota is free and when the tick ends', async () => {
    await counters.take(five, 'ada', 2);
    await pass(3);
    await counters.take(five, 'ada', 1);
    await pass(7);
    const before = await nowMs();
    const last = await counters.take(five, 'ada', 1);
    const after = await nowMs();
    expect(last).toMatchObject({ granted: 1, remaining: 1 });
    // The first two are counted ten ticks ago, so they are free at the end of this tick.
    const endsAt = (Math.floor(after / tickMs) + 1) * tickMs;
    for (const ms of [last.resetMs, last.tickEndsInMs]) {
      expect(ms).toBeGreaterThanOrEqual(endsAt - after);
      expect(ms).toBeLessThanOrEqual(endsAt - before);
    }
    await pass(1);
    const later = await counters.take(five, 'ada', 1);
    expect(later).toMatchObject({ granted: 1, remaining: 2 });
    // Now the oldest is the one of eight ticks ago.
    expect(later.resetMs - later.tickEndsInMs).toBe(2 * tickMs);
  });

  it('free an exhausted key after one window if the clock of the database was set back', async () => {
    await take('ada', 5);
    // As if those rows were written when the clock was thirty windows ahead.
    await stage.database.statements.rows(
      `UPDATE rate_counters SET tick = tick + 300, expires_at = expires_at + $1`,
      [(300 * tickMs) / 1000],
    );
    const refused = await counters.take(five, 'ada', 1);
    expect(refused).toMatchObject({ granted: 0, remaining: 0 });
    expect(refused.resetMs).toBeLessThanOrEqual(11 * tickMs);
    await pass(11);
    const peer = new PostgresCounters(stage.units);
    expect(await peer.take(five, 'ada', 1)).toMatchObject({ granted: 1, remaining: 4 });
  });

  it('never set a row back for a statement that waited for it', async () => {
    await take('ada', 5);
    // Another process has counted in the next tick, while this statement waited.
    await stage.database.statements.rows('UPDATE rate_counters SET tick = tick + 1', []);
    await counters.take(five, 'ada', 1);
    await pass(11);
    const peer = new PostgresCounters(stage.units);
    expect(await peer.take(five, 'ada', 1)).toMatchObject({ granted: 0, remaining: 0 });
  });

  it('report the end of the tick if nothing is used', async () => {
    const none = await counters.take(policyOf('none', { ...LONG, count: 0 }), 'ada', 1);
    expect(none).toMatchObject({ granted: 0, remaining: 0, resetMs: 0 });
    expect(none.tickEndsInMs).toBeGreaterThan(0);
    expect(none.tickEndsInMs).toBeLessThanOrEqual(tickMs);
  });

  it('reject all that wait if the statement fails or does not return a key, and then count again', async () => {
    const failure = new Error('no such table');
    run.mockRejectedValueOnce(failure);
    const failed = await Promise.allSettled([take('ada', 2), take('bob', 1)].flat());
    expect(failed).toEqual(failed.map(() => ({ status: 'rejected', reason: failure })));
    run.mockResolvedValueOnce([]);
    await expect(counters.take(five, 'ada', 1)).rejects.toThrow(`no counter for ${five.scope}ada`);
    expect(await counters.take(five, 'ada', 1)).toMatchObject({ granted: 1, remaining: 4 });
  });

  it('reject what waits for a statement without an answer, and count the next requests', async () => {
    const timers: [() => void, number | undefined][] = [];
    const setTimer = jest.spyOn(globalThis, 'setTimeout').mockImplementation((round, ms) => {
      timers.push([round, ms]);
      return { unref: () => undefined } as unknown as NodeJS.Timeout;
    });
    run.mockReturnValueOnce(new Promise(() => undefined));
    const silent = [take('ada', 1), take('bob', 1)];
    const outcomes = Promise.allSettled(silent);
    await Promise.resolve();
    const late = counters.take(five, 'ada', 1);
    setTimer.mockRestore();
    expect(timers.map(([, ms]) => ms)).toEqual([10_000]);
    expect(run).toHaveBeenCalledTimes(1);
    timers[0]?.[0]();
    const reason = new DatabaseBusy();
    expect(await outcomes).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    expect(await late).toMatchObject({ granted: 1, remaining: 4 });
  });

  it('remove the rows that have expired, and no others', async () => {
    await take('ada', 1);
    await take('bob', 1);
    await stage.database.statements.rows(
      `UPDATE rate_counters SET expires_at = extract(epoch FROM now()) - 1 WHERE key LIKE '%ada'`,
      [],
    );
    await counters.sweep();
    const rows = await stage.database.statements.rows('SELECT key FROM rate_counters', []);
    expect(rows).toEqual([{ key: `${five.scope}bob` }]);
  });
});
