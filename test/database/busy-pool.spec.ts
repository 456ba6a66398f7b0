import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '../../src/database/data-source.js';
import { ReadConnection } from '../../src/database/read-connection.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { until } from '../support/until.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('while every connection to %s waits for one wallet', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind, { DATABASE_POOL_MAX: '2' });
  });
  afterAll(() => app.close());

  it('answers 503 to reads and writes in the end, and loses or charges nothing', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    let slow: ReturnType<typeof ada.chat> | undefined;
    await app.database.inTransaction(async (rows) => {
      await rows('SET LOCAL idle_in_transaction_session_timeout = 0');
      await rows('UPDATE wallets SET held = held WHERE owner_id = $1', [await app.ownerOf(ada)]);
      // The pool has two connections, and the lease of the process uses one of them.
      slow = ada.chat('hello', { 'Idempotency-Key': 'k' });
      const locked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
        AND datname = current_database()`;
      await until(async () => (await app.database.rows(locked)).length > 0);
      const busy = { status: 503, code: 'unavailable', message: 'The database is busy.' };
      let isRun = false;
      const outcomes = Promise.allSettled([
        app.nest.get(UnitOfWork).run(() => {
          isRun = true;
        }),
        app.nest.get(ReadConnection).read('/* spec */ SELECT 1', []),
        bob.chat('hello'),
      ]);
      // The metric that an alert watches.
      await until(() => app.nest.get(Database).pool?.waiting !== 0);
      const [written, read, asked] = await outcomes;
      expect([written, read]).toMatchObject([{ reason: busy }, { reason: busy }]);
      expect(isRun).toBe(false);
      expect(asked).toMatchObject({ value: { status: 503, headers: { 'retry-after': '1' } } });
    });
    expect((await slow)?.status).toBe(200);
    expect([await ada.balance(), await bob.balance()]).toEqual([3900, 4000]);
    expect(await app.database.differences()).toEqual([]);
  });
});
