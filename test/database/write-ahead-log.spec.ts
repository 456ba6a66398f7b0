import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WriteAheadLog } from '../../src/database/write-ahead-log.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { until } from '../support/until.js';

/** SQLite itself waits 5 s for a lock. Nobody else may wait that long. */
const BLOCKED_MAX_MS = 4500;
const ROUNDS = 3;
const PEOPLE = 8;

describe('emptying the write-ahead log of SQLite', () => {
  let app: TestApp;
  let people: Caller[];

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { RATE_LIMITS: 'off' });
    people = await Promise.all(Array.from({ length: PEOPLE }, () => app.newUser()));
  });
  afterAll(() => app.close());

  const logBytes = async () => (await stat(`${app.database.url.slice('sqlite:'.length)}-wal`)).size;

  /** Returns a function that returns the longest time, in ms, for which timers did not run. */
  const measureStalls = (): (() => number) => {
    let longest = 0;
    let last = performance.now();
    const note = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    };
    const timer = setInterval(note, 5);
    return () => {
      clearInterval(timer);
      note();
      return longest;
    };
  };

  it('lets others read while another program writes, and empties it when that has ended', async () => {
    const [ada] = people as [Caller];
    let slowest = 0;
    let emptied: Promise<void> | undefined;
    await app.database.inTransaction(async () => {
      emptied = app.nest.get(WriteAheadLog).empty();
      for (const end = performance.now() + 1000; performance.now() < end;) {
        const start = performance.now();
        expect((await ada.get('/api/sessions/')).status).toBe(200);
        slowest = Math.max(slowest, performance.now() - start);
      }
      expect(await logBytes()).toBeGreaterThan(0);
    });
    expect(slowest).toBeLessThan(BLOCKED_MAX_MS);
    await emptied;
    await until(async () => (await logBytes()) === 0);
  });

  it('does not block the event loop beside requests that read and write', async () => {
    let isOver = false;
    const stalledMs = measureStalls();
    const work = people.map(async (caller) => {
      let paid = 0;
      for (; !isOver && paid < 30; paid += 1) {
        expect((await caller.chat('hi')).status).toBe(200);
        expect((await caller.get('/api/sessions/')).status).toBe(200);
      }
      return paid;
    });
    for (let n = 0; n < ROUNDS; n += 1) await app.nest.get(WriteAheadLog).empty();
    isOver = true;
    const paid = await Promise.all(work);
    expect(stalledMs()).toBeLessThan(BLOCKED_MAX_MS);
    const balances = await Promise.all(people.map((caller) => caller.balance()));
    expect(balances).toEqual(paid.map((count) => 4000 - 100 * count));
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
