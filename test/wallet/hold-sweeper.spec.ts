import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { openWriter } from '../../src/database/open-database.js';
import { DatabaseInUse, FileLease } from '../../src/database/sqlite/file-lease.js';
import { ProcessLease } from '../../src/database/process-lease.js';
import type { Tx } from '../../src/database/transactions/tx.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { nowMicros } from '../../src/time.js';
import { idempotencyRecord } from '../../src/wallet/idempotency-record.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { createDatabase, databaseKinds } from '../support/databases.js';
import { noteOf } from '../support/note.js';
import { until } from '../support/until.js';

/** No process has this id, because ids start at 1. */
const ENDED_PROCESS_ID = 0;

describe.each(databaseKinds)('the sweep of holds on %s', (kind) => {
  let app: TestApp;
  let sweeper: HoldSweeper;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    sweeper = app.nest.get(HoldSweeper);
    await sweeper.onModuleDestroy(); // the specs call its rounds themselves
  });
  afterAll(() => app.close());

  /** Makes a hold of 100. `change` sets columns of its row for the case. */
  const hold = async (caller: Caller, change?: string): Promise<string> => {
    const ownerId = await app.ownerOf(caller);
    const holds = app.nest.get(HoldsService);
    const work = app.nest.get(UnitOfWork);
    const { id } = await work.run((tx) => holds.hold(tx, { ownerId, amount: 100 }));
    if (change) await app.database.rows(`UPDATE holds SET ${change} WHERE id = $1`, [id]);
    return id;
  };

  const stateOf = async (id: string) => {
    const sql = 'SELECT state FROM holds WHERE id = $1';
    return (await app.database.rows<{ state: string }>(sql, [id]))[0]?.state;
  };

  it('renews no lease that was not lost', async () => {
    const lease = app.nest.get(ProcessLease);
    await expect(lease.renew()).resolves.toBeUndefined();
    expect(await lease.hasProcessEnded(lease.id)).toBe(false);
  });

  it('releases expired holds, and leaves others open', async () => {
    const ada = await app.newUser();
    const [overdue, current] = [await hold(ada, 'expires_at = 0'), await hold(ada)];
    await sweeper.sweep();
    expect([await stateOf(overdue), await stateOf(current)]).toEqual(['expired', 'open']);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('releases the holds of a dead process at once, and leaves its own open', async () => {
    const ada = await app.newUser();
    const [orphan, own] = [
      await hold(ada, `process_id = ${String(ENDED_PROCESS_ID)}`),
      await hold(ada),
    ];
    await sweeper.sweep();
    expect([await stateOf(orphan), await stateOf(own)]).toEqual(['expired', 'open']);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('releases once a hold that no request will resolve, also if the first attempt fails', async () => {
    const ada = await app.newUser();
    const holds = app.nest.get(HoldsService);
    const [left, paid] = [await hold(ada), await hold(ada)];
    const note = noteOf('spec', await app.ownerOf(ada));
    await app.nest.get(UnitOfWork).run((tx) => holds.capture(tx, paid, 40, note));
    holds.releaseLater(left);
    holds.releaseLater(paid);
    await app.database.rows('ALTER TABLE holds RENAME TO hidden');
    await expect(sweeper.sweep()).rejects.toThrow(/holds/);
    await app.database.rows('ALTER TABLE hidden RENAME TO holds');
    expect(await stateOf(left)).toBe('open');
    await sweeper.sweep();
    expect([await stateOf(left), await stateOf(paid)]).toEqual(['released', 'captured']);
    expect(holds.takeUnreleased()).toEqual([]);
    expect(await ada.balance()).toBe(3960);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it.each([
    ['overdue', 'expires_at = 0'],
    ['orphaned', `process_id = ${String(ENDED_PROCESS_ID)}`],
  ])('does not change a resolved hold even if it is %s', async (_what, change) => {
    const ada = await app.newUser();
    const id = await hold(ada, change);
    const holds = app.nest.get(HoldsService);
    await app.nest.get(UnitOfWork).run((tx) => holds.release(tx, id, 'released'));
    await sweeper.sweep();
    expect(await stateOf(id)).toBe('released');
    expect(await ada.balance()).toBe(4000);
  });

  it('deletes the keys of holds and credits past their retention, and no others', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    for (const key of ['old', 'new']) {
      await ada.chat('hi', { 'Idempotency-Key': key });
      const idempotency = idempotencyRecord('grant', key, {});
      const entry = { ownerId, amount: 100, kind: 'grant', reason: 'a gift', idempotency } as const;
      await app.nest.get(UnitOfWork).run((tx) => app.nest.get(WalletService).credit(tx, entry));
    }
    const keysIn = async (table: string) => {
      const sql = `SELECT claim_key AS key FROM ${table} WHERE owner_id = $1 AND claim_key IS NOT NULL ORDER BY 1`;
      return (await app.database.rows<{ key: string }>(sql, [ownerId])).map(({ key }) => key);
    };
    for (const table of ['holds', 'ledger_entries']) {
      await sweeper.sweep();
      expect(await keysIn(table)).toEqual(['new', 'old']);
      await app.database.rows(`UPDATE ${table} SET created_at = 0 WHERE claim_key = 'old'`);
      await sweeper.sweep();
      expect(await keysIn(table)).toEqual(['new']);
    }
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('deletes old holds that charged nothing, also more than one statement does', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    const [holds, work] = [app.nest.get(HoldsService), app.nest.get(UnitOfWork)];
    const ended = async (end: (tx: Tx, id: string) => Promise<unknown>, at = 0, change = '') => {
      const id = await hold(ada);
      await work.run((tx) => end(tx, id));
      const sql = `UPDATE holds SET resolved_at = ${String(at)}${change} WHERE id = $1`;
      await app.database.rows(sql, [id]);
      return id;
    };
    const release = (state: 'released' | 'expired') => (tx: Tx, id: string) =>
      holds.release(tx, id, state);
    const capture = (amount: number) => (tx: Tx, id: string) =>
      holds.capture(tx, id, amount, noteOf('spec', ownerId));
    const kept = {
      open: await hold(ada, 'resolved_at = 0'),
      young: await ended(release('released'), nowMicros()),
      paid: await ended(capture(1)),
      keyed: await ended(
        capture(0),
        0,
        `, claim_route = 'chat', claim_key = 'free', claim_hash = 'h'`,
      ),
    };
    await ended(release('released'));
    await ended(release('expired'));
    await ended(capture(0));
    // More rows than one statement removes.
    await app.database.rows(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
       INSERT INTO holds (id, owner_id, amount, captured_amount, state, expires_at, created_at, resolved_at, process_id)
       SELECT 'given back ' || i, $1, 1, 0, 'released', 1, 1, 0, 1 FROM n`,
      [ownerId],
    );
    const left = async () => {
      const sql = 'SELECT id FROM holds WHERE owner_id = $1 ORDER BY id';
      return (await app.database.rows<{ id: string }>(sql, [ownerId])).map(({ id }) => id);
    };
    await sweeper.sweep();
    expect(await left()).toEqual(Object.values(kept).sort());
    expect(await ada.balance()).toBe(3899);
    expect(await app.database.unbalancedWallets()).toEqual([]);
    // The key is removed first, and then the hold.
    await app.database.rows('UPDATE holds SET created_at = 0 WHERE id = $1', [kept.keyed]);
    await sweeper.sweep();
    expect(await left()).not.toContain(kept.keyed);
    expect(await holds.stateOf(kept.keyed)).toBeUndefined();
  });

  it('continues in the background, also after a failed round', async () => {
    const ada = await app.newUser();
    const overdue = await hold(ada, 'expires_at = 0');
    await sweeper.start();
    expect(await stateOf(overdue)).toBe('expired');
    await app.database.rows('ALTER TABLE holds RENAME TO hidden');
    const errorLog = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    await until(() => errorLog.mock.calls.length > 0);
    errorLog.mockRestore();
    await app.database.rows('ALTER TABLE hidden RENAME TO holds');
    const next = await hold(ada, 'expires_at = 0');
    await until(async () => (await stateOf(next)) !== 'open');
    expect(await stateOf(next)).toBe('expired');
    expect(await ada.balance()).toBe(4000);
  });
});

describe.each(databaseKinds)('a lease on %s', (kind) => {
  it('belongs to one process at a time, and can be taken after it was released', async () => {
    const database = await createDatabase(kind);
    const source = await openWriter({ url: database.url, poolMax: 3, entities: [] });
    const [first, second] = [new ProcessLease(source), new ProcessLease(source)];
    Object.assign(second, { id: first.id });
    const acquire = async (lease: ProcessLease) =>
      lease.acquire(await FileLease.takeFor(database.url));
    await acquire(first);
    const refusal = await acquire(second).catch((error: unknown) => error as Error);
    expect(refusal instanceof DatabaseInUse).toBe(kind === 'sqlite');
    expect((refusal as Error).message).toBe(
      kind === 'sqlite'
        ? `another process serves ${database.url.slice('sqlite:'.length)}: stop it, or use PostgreSQL for several processes`
        : `the lease ${String(first.id)} is taken`,
    );
    await first.release(() => Promise.resolve());
    await expect(acquire(second)).resolves.toBeUndefined();
    await second.release(() => source.destroy());
    await database.drop();
  });
});
