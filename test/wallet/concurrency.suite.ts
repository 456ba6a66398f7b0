import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { type Caller } from '../support/client.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { byEffort } from '../support/effort.js';
import { ProviderProbe } from '../support/provider-probe.js';

const CONNECTIONS = 50;

/** Runs all tasks, `CONNECTIONS` at a time. */
async function together<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task; task = queue.shift()) results.push(await task());
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return results;
}

function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Whether the price is charged at once, or held while the provider answers. */
const paces = ['at once', 'later'] as const;
/** Number of chats. The wallet pays for 40 of them. */
const CHATS = byEffort({ light: 100, full: 200 });
const SPENT = { 200: 40, 402: CHATS - 40 };
const WALLETS = byEffort({ light: 2, full: 10 });

const concurrency = (kind: DatabaseKind, pace: (typeof paces)[number]): void => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
    if (pace === 'later') provider.delayWith(() => sleep(1));
  });
  beforeEach(() => {
    provider.calls = 0;
  });
  afterAll(() => app.close());

  const ownerOf = async ({ username }: Caller) => {
    const sql = 'SELECT id FROM users WHERE username = $1';
    return (await app.database.rows<{ id: string }>(sql, [username]))[0]?.id;
  };

  const assertSpentWhole = async (caller: Caller) => {
    const owner = await ownerOf(caller);
    const count = (table: string) => app.database.count(table, 'owner_id = $1', [owner]);
    expect(await caller.balance()).toBe(0);
    expect([await count('turns'), await count('ledger_entries')]).toEqual([40, 41]);
    expect(await app.database.count('holds', `owner_id = $1 AND state = 'open'`, [owner])).toBe(0);
  };

  it(`answers exactly 40 of ${String(CHATS)} simultaneous chats for 4,000 tokens`, async () => {
    const ada = await app.newUser();
    const tasks = Array.from({ length: CHATS }, (_, n) => () => ada.chat(`message ${String(n)}`));
    const answers = await together(tasks);
    expect(tally(answers.map(({ status }) => status))).toEqual(SPENT);
    await assertSpentWhole(ada);
    expect(provider.calls).toBe(40);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it(`answers exactly 40 chats for each of ${String(WALLETS)} wallets at once`, async () => {
    const callers = await Promise.all(Array.from({ length: WALLETS }, () => app.newUser()));
    const tasks = Array.from({ length: CHATS }, (_, n) =>
      callers.map((caller) => async () => ({
        caller,
        status: (await caller.chat(`message ${String(n)}`)).status,
      })),
    ).flat();
    const answers = await together(tasks);
    for (const caller of callers) {
      const own = answers.filter((answer) => answer.caller === caller);
      expect(tally(own.map(({ status }) => status))).toEqual(SPENT);
      await assertSpentWhole(caller);
    }
    expect(provider.calls).toBe(WALLETS * 40);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('creates one account and one wallet for twenty registrations of one name', async () => {
    const before = await app.database.count('wallets');
    const register = (n: number) =>
      app.post('/api/register/', {
        username: n % 2 ? 'Grace' : 'grace',
        password: 'Str0ng-pass-1',
      });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => register(n)));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 201: 1, 400: 19 });
    for (const { status, body } of answers) {
      if (status === 400)
        expect(body).toEqual({ username: ['A user with that username already exists.'] });
    }
    expect(await app.database.count('wallets')).toBe(before + 1);
    expect(await app.database.count('users', `username_key = 'grace'`)).toBe(1);
  });
};

/** The cases of `concurrency` on one database. */
export function concurrencySuite(kind: DatabaseKind): void {
  for (const pace of paces) {
    describeOn(kind, `A wallet under concurrency, answered ${pace},`, () => {
      concurrency(kind, pace);
    });
  }
}
