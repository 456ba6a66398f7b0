import { QueryFailedError } from 'typeorm';
import type { SqliteDriver } from 'typeorm/driver/sqlite/SqliteDriver.js';
import { SqliteQueryRunner } from 'typeorm/driver/sqlite/SqliteQueryRunner.js';
import { asFault } from './faults.js';
import type { Statements } from './statements.js';

type QueryAnswer = ReturnType<SqliteQueryRunner['query']>;

/** SQLite's refusals to roll back what it has rolled back by itself. */
const NOTHING_TO_ROLL_BACK = /no transaction is active|no such savepoint/;

/**
 * Begins, nests, commits and rolls back on SQLite, as TypeORM does it, with statements that are prepared
 * once: an unprepared one costs a second trip through the thread pool. It begins with IMMEDIATE, which takes
 * the write lock at once: a transaction that reads first and writes later would fail if another program
 * wrote in between.
 */
export class TransactionRunner extends SqliteQueryRunner {
  constructor(
    driver: SqliteDriver,
    private readonly statements: Statements,
  ) {
    super(driver);
  }

  override async query(sql: string): QueryAnswer {
    try {
      return await this.statements.rows(sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql, []);
    } catch (error) {
      // After some failures (a full disk) SQLite rolls back by itself. TypeORM would count the refused
      // ROLLBACK as a transaction that is still open, and begin the next one with a savepoint.
      if (sql.startsWith('ROLLBACK') && isAlreadyRolledBack(error)) return [];
      throw error;
    }
  }

  /**
   * Ends the transaction, however deep it is nested, and whether or not it has begun or SQLite has ended it.
   * Never throws: the next BEGIN fails if a transaction is still open, and this is then called again.
   */
  async rollbackAll(): Promise<void> {
    try {
      while (this.transactionDepth > 1) await this.rollbackTransaction();
      if (this.transactionDepth === 1) await this.rollbackTransaction();
      else await this.query('ROLLBACK');
    } catch (error) {
      this.connection.logger.log('warn', `a rollback failed: ${String(error)}`);
    }
    this.isTransactionActive = false;
    this.transactionDepth = 0;
  }
}

const isAlreadyRolledBack = (error: unknown) =>
  error instanceof QueryFailedError && NOTHING_TO_ROLL_BACK.test(error.message);

/** A unit of work: runs a query within itself, and refuses one that comes after its end. */
export interface Unit {
  within<T>(query: () => Promise<T>): Promise<T>;
}

/** Runs what one unit of work asks of TypeORM, inside the transaction that is open on the one connection. */
export class UnitRunner extends SqliteQueryRunner {
  constructor(
    driver: SqliteDriver,
    private readonly unit: Unit,
  ) {
    super(driver);
    // A transaction that TypeORM opens for itself, in `save` for instance, is then a savepoint.
    this.isTransactionActive = true;
    this.transactionDepth = 1;
  }

  override query(sql: string, ...rest: [unknown[]?, boolean?]): QueryAnswer {
    return this.unit.within(() =>
      super.query(sql, ...rest).catch((error: unknown) => {
        throw asFault(error);
      }),
    );
  }
}
