import type { SqliteDriver } from 'typeorm/driver/sqlite/SqliteDriver.js';
import { SqliteQueryRunner } from 'typeorm/driver/sqlite/SqliteQueryRunner.js';
import { toServiceError } from '../service-errors.js';
import type { Statements } from '../statements.js';

type QueryAnswer = ReturnType<SqliteQueryRunner['query']>;

/** SQLite's error for a rollback if it has already rolled back by itself, for example because the disk is full. */
const NOTHING_TO_ROLL_BACK = 'no transaction is active';

/**
 * Begins, nests, commits and rolls back transactions on SQLite as TypeORM does, with prepared statements. An
 * unprepared statement costs a second trip through the thread pool. Transactions begin with IMMEDIATE, which takes
 * the write lock at once. Otherwise a transaction that reads first would fail if another program writes before it
 * does.
 */
export class TransactionRunner extends SqliteQueryRunner {
  constructor(
    driver: SqliteDriver,
    private readonly statements: Statements,
  ) {
    super(driver);
  }

  override query(sql: string): QueryAnswer {
    return this.statements.rows(sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql, []);
  }

  /**
   * Ends the transaction and its savepoints, even if it has not begun or SQLite has already ended it. Never throws: if
   * a transaction is still open, the next BEGIN fails and this method is called again.
   */
  async rollbackAll(): Promise<void> {
    try {
      await this.query('ROLLBACK');
    } catch (error) {
      const text = String(error);
      if (!text.includes(NOTHING_TO_ROLL_BACK))
        this.connection.logger.log('warn', `a rollback failed: ${text}`);
    }
    this.isTransactionActive = false;
    this.transactionDepth = 0;
  }
}

/** A unit of work. It runs a query inside itself, and refuses a query after its end. */
export interface QueryScope {
  within<T>(query: () => Promise<T>): Promise<T>;
}

/** Runs the TypeORM queries of one unit of work inside the transaction that is open on the one connection. */
export class UnitRunner extends SqliteQueryRunner {
  constructor(
    driver: SqliteDriver,
    private readonly unit: QueryScope,
  ) {
    super(driver);
    // A transaction that TypeORM opens itself, for example in `save`, then becomes a savepoint.
    this.isTransactionActive = true;
    this.transactionDepth = 1;
  }

  override query(sql: string, ...rest: [unknown[]?, boolean?]): QueryAnswer {
    return this.unit.within(() =>
      super.query(sql, ...rest).catch((error: unknown) => {
        throw toServiceError(error);
      }),
    );
  }
}
