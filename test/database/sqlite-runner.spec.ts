import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { QueryFailedError, TransactionNotStartedError } from 'typeorm';
import type { TransactionRunner } from '../../src/database/sqlite/sqlite-runner.js';
import { User } from '../../src/users/user.entity.js';
import { Inspector } from '../support/databases.js';
import { user } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';

describe('the transactions of SQLite', () => {
  const stage = stageUnits('sqlite');
  let runner: TransactionRunner;
  let log: ReturnType<typeof spyOnLog>;

  const spyOnLog = () => jest.spyOn(stage.database.logger, 'log').mockReturnValue(undefined);
  beforeEach(() => {
    runner = stage.database.transactionRunner();
    log = spyOnLog();
  });
  afterEach(() => {
    log.mockRestore();
  });

  const rows = (sql: string) => stage.database.statements.rows(sql, []);
  const save = (id: string) =>
    rows(`INSERT INTO users VALUES ('${id}', '${id}', '${id}', '', '', true, false, 0, 0)`);
  const saved = () => rows('SELECT id FROM users ORDER BY id');
  const expectEnded = async () => {
    expect(runner.isTransactionActive).toBe(false);
    await runner.startTransaction();
    await save('next');
    await runner.commitTransaction();
    expect(await saved()).toEqual([{ id: 'next' }]);
  };

  it('take the lock for writing when they begin', async () => {
    const other = await Inspector.open(stage.url);
    await other.dataSource.query('PRAGMA busy_timeout = 0');
    await runner.startTransaction();
    await expect(other.rows('BEGIN IMMEDIATE')).rejects.toThrow('The database is busy.');
    await runner.commitTransaction();
    await other.rows('BEGIN IMMEDIATE');
    await other.rows('ROLLBACK');
    await other.close();
  });

  it.each([0, 1, 2, 3])('are rolled back at depth %i', async (depth) => {
    for (let n = 0; n < depth; n += 1) {
      await runner.startTransaction();
      await save(`at depth ${String(n)}`);
    }
    await runner.rollbackAll();
    await expectEnded();
  });

  it.each([1, 2])('are over at depth %i if SQLite has rolled back by itself', async (depth) => {
    for (let n = 0; n < depth; n += 1) await runner.startTransaction();
    await save('lost');
    await rows('ROLLBACK');
    await runner.rollbackAll();
    expect(log).not.toHaveBeenCalled();
    await expectEnded();
  });

  it('are rolled back also if the runner has not begun them itself', async () => {
    await rows('BEGIN');
    await save('left over');
    await runner.rollbackAll();
    await expectEnded();
  });

  it('cannot be committed if SQLite has rolled back by itself', async () => {
    await runner.startTransaction();
    await rows('ROLLBACK');
    await expect(runner.commitTransaction()).rejects.toThrow(/no transaction is active/);
    await runner.rollbackAll();
    await expect(runner.commitTransaction()).rejects.toThrow(TransactionNotStartedError);
    await expectEnded();
  });

  it('fail to roll back to a savepoint that SQLite has removed, so that nothing later is saved', async () => {
    for (let n = 0; n < 2; n += 1) await runner.startTransaction();
    await rows('ROLLBACK');
    await expect(runner.rollbackTransaction()).rejects.toThrow(/no such savepoint/);
    await runner.rollbackAll();
    await expectEnded();
  });

  it('are begun again after a rollback that failed, which is logged', async () => {
    await runner.startTransaction();
    const query = jest.spyOn(runner, 'query').mockRejectedValueOnce(new Error('no disk'));
    await runner.rollbackAll();
    expect(log.mock.calls).toEqual([['warn', 'a rollback failed: Error: no disk']]);
    query.mockRestore();
    expect(runner.isTransactionActive).toBe(false);
    // The transaction is still open.
    await expect(runner.startTransaction()).rejects.toThrow(/within a transaction/);
    await runner.rollbackAll();
    await expectEnded();
  });

  it('make a savepoint of a transaction that a repository begins, and map its errors', async () => {
    await stage.units.run(async (tx) => {
      const users = await tx.repository(User);
      await users.insert(user('ada'));
      const failed = users.manager.transaction(async (nested) => {
        await nested.insert(User, user('bob'));
        await nested.insert(User, user('ada'));
      });
      await expect(failed).rejects.toBeInstanceOf(QueryFailedError);
      expect(await users.countBy({})).toBe(1);
    });
    expect(await saved()).toEqual([{ id: 'ada' }]);
  });
});
