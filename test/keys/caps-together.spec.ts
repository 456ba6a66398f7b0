import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeKey, usedOf, type MadeKey } from '../support/api-keys.js';
import { TestApp } from '../support/app.js';
import { BEHAVIOURS } from '../support/behaviours.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { StatementLog } from '../support/statement-log.js';
import { Upstream } from '../support/upstream.js';

describe.each(databaseKinds)('the spending caps of many API keys on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;
  beforeAll(async () => {
    upstream = await Upstream.start({ good: BEHAVIOURS['good'] ?? (() => undefined) });
    app = await TestApp.start(kind, modelsOf(upstream.baseUrl, ['good']));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const ask = (caller: Caller, model: string) =>
    caller.send('POST', '/api/chat/', { message: 'hi', model });

  // This must be the first case. A key that has spent nothing cannot go below zero, which would hide the error.
  it('reverts what it counted for a wallet that does not pay, and for no other key', async () => {
    const [ada, poor] = [await app.newUser(), await app.newUser({ tokens: 150 })];
    const [other, key] = [
      await makeKey(app.http, ada),
      await makeKey(app.http, poor, { limit: 1000 }),
    ];
    for (let n = 0; n < 5; n += 1) expect((await ask(other.caller, 'echo')).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(key.caller, 'echo')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 402, 402, 402, 402]);
    expect([await usedOf(ada, other), await usedOf(poor, key)]).toEqual([500, 100]);
    expect(await poor.balance()).toBe(50);
  });

  it('counts each key separately if many share a statement', async () => {
    const [ada, bob, poor] = [
      await app.newUser({ tokens: 10_000 }),
      await app.newUser({ tokens: 10_000 }),
      await app.newUser({ tokens: 150 }),
    ];
    const keys: [MadeKey, Caller, number][] = [
      [await makeKey(app.http, ada, { limit: 300 }), ada, 300],
      [await makeKey(app.http, ada, { limit: 500 }), ada, 500],
      [await makeKey(app.http, ada), ada, 2000],
      [await makeKey(app.http, bob, { limit: 0 }), bob, 0],
      [await makeKey(app.http, poor, { limit: 1000 }), poor, 100],
    ];
    const chats = keys.flatMap(([{ caller }]) => Array.from({ length: 20 }, () => caller));
    const all = [...chats, ...Array.from({ length: 20 }, () => bob)];
    await Promise.all(all.map((caller) => ask(caller, 'echo')));
    for (const [key, owner, used] of keys) expect(await usedOf(owner, key)).toBe(used);
    expect([await ada.balance(), await bob.balance(), await poor.balance()]).toEqual([
      7200, 8000, 50,
    ]);
    expect(await app.database.differences()).toEqual([]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('charges nothing for a key past its cap, beside another key of the same owner', async () => {
    const ada = await app.newUser();
    const [small, free] = [
      await makeKey(app.http, ada, { limit: 100 }),
      await makeKey(app.http, ada),
    ];
    const callers = Array.from({ length: 10 }, () => [small.caller, free.caller]).flat();
    const answers = await Promise.all(callers.map((caller) => ask(caller, 'echo')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(11);
    expect([await usedOf(ada, small), await usedOf(ada, free)]).toEqual([100, 1000]);
    expect(await ada.balance()).toBe(2900);
    expect(await ada.history()).toHaveLength(11);
    expect(await app.database.differences()).toEqual([]);
  });

  it('runs no statement for a user without a cap', async () => {
    const ada = await app.newUser();
    const { caller } = await makeKey(app.http, ada);
    const log = StatementLog.of(app.nest);
    const names = async (who: Caller, model: string) =>
      (await log.during(() => ask(who, model))).map(({ name }) => name);
    for (const model of ['echo', 'flat:good']) {
      expect((await names(ada, model)).filter((name) => name.startsWith('cap.'))).toEqual([]);
    }
    await caller.balance();
    const byKey = await names(caller, 'echo');
    // PostgreSQL runs the statement for many, also for one.
    const spend = kind === 'sqlite' ? 'cap.spend' : 'cap.spend_many';
    expect(byKey.filter((name) => name.startsWith('cap.'))).toEqual([spend]);
  });
});
