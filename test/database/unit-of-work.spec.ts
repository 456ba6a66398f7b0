import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import {
  isSerializationFailure,
  isUniqueViolation,
  mayEndTransaction,
} from '../../src/database/database-errors.js';
import { PendingRows, Tx } from '../../src/database/transactions/tx.js';
import type { ReadConnection } from '../../src/database/read-connection.js';
import type { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { User } from '../../src/users/user.entity.js';
import { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { databaseKinds } from '../support/databases.js';
import { code, user, wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';

const SELECT_CODES = '/* codes */ SELECT id FROM redemption_codes ORDER BY id';
const SELECT_USERS = '/* users */ SELECT id FROM users ORDER BY id';

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each(databaseKinds)('a transaction on %s', (kind) => {
  const stage = stageUnits(kind);
  let log: StatementLog;
  let tx: Tx;

  beforeAll(() => {
    log = new StatementLog([stage.database]);
  });
  beforeEach(() => {
    tx = openTx();
  });

  const openTx = (pending?: PendingRows) =>
    new Tx(stage.database, stage.database.statements, () => stage.database.manager, pending);
  const names = async (work: () => Promise<unknown>) =>
    (await log.during(work)).map(({ name }) => name);

  it('writes insertions only before a statement that could read them', async () => {
    tx.insertLater(RedemptionCode, code('a'));
    expect(await names(() => tx.read(SELECT_USERS, []))).toEqual(['users']);
    expect(tx.hasWritten).toBe(false);
    expect(await tx.read(SELECT_CODES, [])).toEqual([{ id: 'a' }]);
    expect(tx.hasWritten).toBe(true);
    // No row waits any more.
    expect(await names(() => tx.read(SELECT_CODES, []))).toEqual(['codes']);
    expect(await names(() => tx.flush())).toEqual([]);
    tx.insertLater(RedemptionCode, code('b'));
    expect(await names(() => tx.flush())).toEqual(['redemption_codes.insert']);
    expect(await tx.read(SELECT_CODES, [])).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('writes nothing if it has nothing to write', async () => {
    await tx.flush();
    expect(tx.hasWritten).toBe(false);
  });

  it.each([
    [
      'a change that finds its row',
      `UPDATE users SET email = id WHERE id = 'ada' RETURNING id`,
      true,
    ],
    [
      'a change that finds none',
      `UPDATE users SET email = id WHERE id = 'bob' RETURNING id`,
      false,
    ],
    ['a change that fails', 'UPDATE users SET email = NULL RETURNING id', true],
  ])('knows after %s whether it wrote', async (_, sql, hasWritten) => {
    await openTx().write(
      `INSERT INTO users VALUES ('ada', '', '', '', '', true, false, 0, 0) RETURNING id`,
      [],
    );
    await tx.write(sql, []).catch(() => undefined);
    expect(tx.hasWritten).toBe(hasWritten);
    await tx.read(SELECT_USERS, []);
    expect(tx.hasWritten).toBe(hasWritten);
  });

  it('knows whether a statement of its own is running', async () => {
    expect(tx.isAtDatabase).toBe(false);
    const [first, second] = [tx.read(SELECT_USERS, []), tx.write('SELECT nonsense', [])];
    expect(tx.isAtDatabase).toBe(true);
    expect(await Promise.all([first, refusal(second)])).toEqual([[], expect.any(QueryFailedError)]);
    expect(tx.isAtDatabase).toBe(false);
  });

  it('refuses statements after its end', async () => {
    tx.close();
    const over = new Error('the unit of work is over');
    expect(await refusal(tx.write(`/* spec */ DELETE FROM users`, []))).toEqual(over);
    expect(() => {
      tx.insertLater(User, user('late'));
    }).toThrow(over);
    expect(await names(() => tx.flush())).toEqual([]);
  });

  it('is rolled back after a refused row, even if the error is caught', async () => {
    tx.insertLater(RedemptionCode, code('a'));
    tx.insertLater(RedemptionCode, code('a'));
    expect(isUniqueViolation(await refusal(tx.read(SELECT_CODES, [])))).toBe(true);
    tx.insertLater(RedemptionCode, code('b'));
    expect(await refusal(tx.flush())).toEqual(
      new Error('rows of this transaction were refused before'),
    );
    expect(await stage.database.statements.rows(SELECT_CODES, [])).toEqual([]);
  });

  it('does not insert waiting rows that were truncated', async () => {
    const pending = new PendingRows();
    const first = openTx(pending);
    for (const id of ['a', 'b', 'c']) first.insertLater(RedemptionCode, code(id));
    pending.truncate(2);
    expect(pending.length).toBe(2);
    pending.truncate(5);
    expect(pending.length).toBe(2);
    expect(await first.read(SELECT_CODES, [])).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(pending.length).toBe(0);
  });
});

describe.each(databaseKinds)('a unit of work on %s, without a service', (kind) => {
  const stage = stageUnits(kind);
  let units: UnitOfWork;
  let reader: ReadConnection;

  beforeAll(() => {
    ({ units, reader } = stage);
  });

  const failures = (sql: string, parameters: unknown[] = []) =>
    refusal(units.run((tx) => tx.write(sql, parameters)));

  it('commits its writes, and returns the result of the work', async () => {
    const given = units.run((tx) => {
      tx.insertLater(User, user('kept'));
      return 'given';
    });
    await Promise.all([given, units.idle()]);
    expect(await given).toBe('given');
    expect(await reader.read(SELECT_USERS, [])).toEqual([{ id: 'kept' }]);
    const [kept] = await reader.repository(User).find();
    expect(kept).toEqual(user('kept'));
  });

  it('rolls back if the work fails, and refuses later writes', async () => {
    let ended: Tx | undefined;
    const failed = units.run(async (tx) => {
      ended = tx;
      tx.insertLater(User, user('undone'));
      await tx.flush();
      throw new Error('after all');
    });
    await expect(failed).rejects.toThrow('after all');
    expect(await reader.read(SELECT_USERS, [])).toEqual([]);
    expect(await refusal(ended?.read(SELECT_USERS, []) ?? Promise.resolve())).toEqual(
      new Error('the unit of work is over'),
    );
  });

  it('gives TypeORM repositories inside its transaction', async () => {
    const failed = units.run(async (tx) => {
      const users = await tx.repository(User);
      await users.insert(user('undone'));
      expect(await tx.read(SELECT_USERS, [])).toEqual([{ id: 'undone' }]);
      throw new Error('after all');
    });
    await expect(failed).rejects.toThrow('after all');
    expect(await reader.read(SELECT_USERS, [])).toEqual([]);
  });

  it('fails for a row that is refused at its end', async () => {
    const twice = units.run((tx) => {
      tx.insertLater(RedemptionCode, code('twice'));
      tx.insertLater(RedemptionCode, code('twice'));
    });
    expect(isUniqueViolation(await refusal(twice))).toBe(true);
    expect(await reader.read(SELECT_CODES, [])).toEqual([]);
  });

  it('reports the cause of a failure', async () => {
    await units.run((tx) => {
      tx.insertLater(Wallet, wallet('ada'));
    });
    const again = await failures(
      `INSERT INTO wallets SELECT * FROM wallets WHERE owner_id = $1 /* spec */`,
      ['ada'],
    );
    const debt = await failures('UPDATE wallets SET held = $1', [-1]);
    const nonsense = await failures('SELECT 1 UNIQUE nonsense');
    const plain = Object.assign(new Error('40001'), { code: '40001' });
    const results = [again, debt, nonsense, plain].map((error) => [
      isUniqueViolation(error),
      isSerializationFailure(error),
      mayEndTransaction(error),
    ]);
    // On PostgreSQL any failure ends the transaction, so `mayEndTransaction` is not called.
    const ends = kind === 'postgres';
    expect(results).toEqual([
      [true, false, ends],
      [false, false, ends],
      [false, false, true],
      [false, false, false],
    ]);
  });

  if (kind === 'sqlite') return;

  it.each([
    ['40001', 5],
    ['40P01', 5],
    ['23505', 1],
    ['57014', 1],
  ])('is retried a bounded number of times after a conflict: %s', async (sqlState, times) => {
    let attempts = 0;
    const failed = units.run(async (tx) => {
      attempts += 1;
      tx.insertLater(User, user(`attempt ${String(attempts)}`));
      await tx.flush();
      await tx.write(`DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${sqlState}'; END $$`, []);
    });
    const error = await refusal(failed);
    expect([attempts, isSerializationFailure(error)]).toEqual([times, times > 1]);
    expect(await reader.read(SELECT_USERS, [])).toEqual([]);
  });

  it('takes effect once if a later attempt succeeds', async () => {
    let attempts = 0;
    await units.run(async (tx) => {
      attempts += 1;
      tx.insertLater(User, user(`try ${String(attempts)}`));
      if (attempts > 2) return;
      await tx.write(`DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$`, []);
    });
    expect(await reader.read(SELECT_USERS, [])).toEqual([{ id: 'try 3' }]);
  });
});
