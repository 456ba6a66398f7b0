import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '../../src/database/data-source.js';
import { RequestGate } from '../../src/http/request-gate.js';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { until } from '../support/until.js';

const onPostgres = databaseKinds.includes('postgres') ? describe : describe.skip;

const POOL_MAX = 6;
/** Many more than there are connections. */
const COUNT = 20;
const CHARGE = 100;

onPostgres('requests that wait for the row of one wallet', () => {
  let app: TestApp;
  let other: Caller;

  beforeAll(async () => {
    app = await TestApp.start('postgres', { DATABASE_POOL_MAX: String(POOL_MAX) });
    other = await app.newUser();
  });
  afterAll(() => app.close());

  const stream = { message: 'Hello', stream: true };
  it.each<[string, (caller: Caller) => Promise<Answer>]>([
    ['chats', (caller) => caller.chat('Hello')],
    ['streams', (caller) => caller.send('POST', '/api/chat/', stream)],
  ])('leave the other connections to other users: %s', async (_, ask) => {
    const spender = await app.newUser();
    const before = [await spender.balance(), await other.balance()];
    let answers: Promise<Answer[]> | undefined;
    await app.database.inTransaction(async (rows) => {
      const wallet = '(SELECT id FROM users WHERE username = $1)';
      await rows(`UPDATE wallets SET held = held WHERE owner_id = ${wallet}`, [spender.username]);
      answers = Promise.all(Array.from({ length: COUNT }, () => ask(spender)));
      await until(() => app.nest.get(RequestGate).depth === COUNT);
      for (let n = 0; n < 3; n += 1) expect((await other.chat('meanwhile')).status).toBe(200);
      const { total = 0, idle = 0, waiting } = app.nest.get(Database).pool ?? {};
      expect(total - idle).toBeLessThanOrEqual(POOL_MAX / 2);
      expect(waiting).toBe(0);
    });
    expect((await answers)?.map(({ status }) => status)).toEqual(Array(COUNT).fill(200));
    const after = [await spender.balance(), await other.balance()];
    expect(after).toEqual([(before[0] ?? 0) - COUNT * CHARGE, (before[1] ?? 0) - 3 * CHARGE]);
    expect(await app.database.differences()).toEqual([]);
  });
});
