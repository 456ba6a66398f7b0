import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tx } from '../../src/database/transactions/tx.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';

const onPostgres = databaseKinds.includes('postgres') ? describe : describe.skip;

/** Makes `parties` callers wait for each other once. Later calls do not wait. */
function barrier(parties: number): () => Promise<void> {
  let arrived = 0;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return () => {
    arrived += 1;
    if (arrived === parties) open();
    return all;
  };
}

onPostgres('a unit of work that PostgreSQL sacrifices', () => {
  let app: TestApp;
  let owners: string[];

  beforeAll(async () => {
    app = await TestApp.start('postgres');
    await app.newUser({ username: 'one' });
    await app.newUser({ username: 'two' });
    const rows = await app.database.rows<{ id: string }>('SELECT id FROM users ORDER BY username');
    owners = rows.map(({ id }) => id);
  });
  afterAll(() => app.close());

  const spent = async () => {
    const sql = 'SELECT spent_amount AS spent FROM wallets ORDER BY owner_id';
    const rows = await app.database.rows<{ spent: number }>(sql);
    return rows.map((row) => row.spent);
  };
  const add = (tx: Tx, owner: string | undefined) =>
    tx.write('/* spec */ UPDATE wallets SET spent_amount = spent_amount + 1 WHERE owner_id = $1', [
      owner,
    ]);
  const run = <T>(work: (tx: Tx) => Promise<T>) => app.nest.get(UnitOfWork).run(work);

  it('is retried after a deadlock (40P01), and both take effect once', async () => {
    const meet = barrier(2);
    let attempts = 0;
    const lockBoth = (first: string | undefined, second: string | undefined) =>
      run(async (tx) => {
        attempts += 1;
        await add(tx, first);
        await meet();
        await add(tx, second);
      });
    const before = await spent();
    await Promise.all([lockBoth(owners[0], owners[1]), lockBoth(owners[1], owners[0])]);
    expect(attempts).toBe(3);
    expect(await spent()).toEqual(before.map((amount) => amount + 2));
  });

  it('is retried after a serialization failure (40001)', async () => {
    const meet = barrier(2);
    let attempts = 0;
    const readThenWrite = () =>
      run(async (tx) => {
        attempts += 1;
        await tx.write('/* spec */ SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', []);
        await tx.read('/* spec */ SELECT spent_amount FROM wallets', []);
        await meet();
        await add(tx, owners[0]);
      });
    const before = await spent();
    await Promise.all([readThenWrite(), readThenWrite()]);
    expect(attempts).toBe(3);
    const gained = (await spent()).map((amount, index) => amount - (before[index] ?? 0));
    expect(gained.sort()).toEqual([0, 2]);
  });

  it('gives up after five attempts, and leaves nothing', async () => {
    let attempts = 0;
    const before = await spent();
    const doomed = run(async (tx) => {
      attempts += 1;
      await add(tx, owners[0]);
      await tx.write(
        `/* spec */ DO $$ BEGIN RAISE EXCEPTION 'rival' USING ERRCODE = '40001'; END $$`,
        [],
      );
    });
    await expect(doomed).rejects.toThrow('rival');
    expect(attempts).toBe(5);
    expect(await spent()).toEqual(before);
  });

  it.each([
    ['a broken rule', 'UPDATE wallets SET held = -1'],
    ['nonsense', 'SELECT nonsense'],
  ])('is not retried for %s', async (_what, sql) => {
    let attempts = 0;
    const before = await spent();
    const failing = run(async (tx) => {
      attempts += 1;
      await add(tx, owners[0]);
      await tx.write(`/* spec */ ${sql}`, []);
    });
    await expect(failing).rejects.toThrow();
    expect(attempts).toBe(1);
    expect(await spent()).toEqual(before);
  });
});
