import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DatabaseBusy } from '../errors.js';
import { Database } from './data-source.js';
import { isSerializationFailure } from './database-errors.js';
import { GroupCommit } from './group-commit.js';
import { Tx } from './tx.js';
import { traced } from '../tracing.js';

const ATTEMPTS_MAX = 5;
const BACKOFF_MS = 10;
/** Who waited for a connection as long as the pool lets them has waited enough. */
const CONNECTION_RETRY_WITHIN_MS = 1000;
/** Who waited for a turn as long as others wait for a connection has waited enough. */
const TURN_WITHIN_MS = 10_000;

/**
 * The one door to a write. All of `work` happens or none of it. PostgreSQL gives each call its own
 * connection; SQLite has one, so there the calls take turns (`GroupCommit`). `work` may run again after
 * a deadlock, so it touches nothing but `tx`, and never waits on the outside world, or on another unit:
 * what it needs done in its transaction it is given `tx` for.
 */
@Injectable()
export class UnitOfWork {
  private readonly groupCommit: GroupCommit | undefined;
  private lastTurn: Promise<unknown> = Promise.resolve();

  constructor(private readonly database: Database) {
    if (database.isSqlite) this.groupCommit = new GroupCommit(database);
  }

  run<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    const system = this.database.isSqlite ? 'sqlite' : 'postgresql';
    return traced('transaction', { 'db.system.name': system }, () => this.transacted(work));
  }

  /**
   * The same for work that waits for its own kind, as it locks a row that all of its kind lock: one at a time in this
   * process, so that those who wait take no connection from others. Throws `DatabaseBusy` when its turn comes after ten seconds.
   */
  runInTurn<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    if (this.groupCommit) return this.run(work); // There all writes take turns.
    const askedAt = performance.now();
    const done = this.lastTurn.then(() => {
      if (performance.now() - askedAt > TURN_WITHIN_MS) throw new DatabaseBusy();
      return this.run(work);
    });
    this.lastTurn = done.catch(() => undefined);
    return done;
  }

  private transacted<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    return this.groupCommit ? this.groupCommit.add(work) : this.withRetries(work);
  }

  /** Writes that wait for their turn on SQLite; on PostgreSQL they wait for a connection of the pool. */
  get depth(): number {
    return this.groupCommit?.depth ?? 0;
  }

  /** Resolves once nothing waits and nothing runs: the database may be closed. */
  async idle(): Promise<void> {
    await this.groupCommit?.idle();
  }

  /**
   * A deadlock (40P01) or serialization failure (40001) rolled everything back, so a new attempt is
   * safe. So it is where the server had no connection to give (53300), for others are about to give theirs
   * back. Attempts are bounded, and spaced at random so that two rivals do not meet again.
   */
  private async withRetries<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let hasBegun = false;
    const beginning = (tx: Tx) => {
      hasBegun = true;
      return work(tx);
    };
    const isRefused = (error: unknown) =>
      error instanceof DatabaseBusy &&
      !hasBegun &&
      performance.now() - startedAt < CONNECTION_RETRY_WITHIN_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.transact(beginning);
      } catch (error) {
        const mayServe = isSerializationFailure(error) || isRefused(error);
        if (attempt === ATTEMPTS_MAX || !mayServe) throw error;
        await sleep(Math.random() * BACKOFF_MS * 2 ** attempt);
      }
    }
  }

  private async transact<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    let tx: Tx | undefined;
    const value = await this.database.transaction(async ({ queryRunner }) => {
      if (!queryRunner) throw new Error('a transaction without a connection');
      tx = new Tx(
        this.database,
        await this.database.statementsOf(queryRunner),
        () => queryRunner.manager,
      );
      try {
        const value = await work(tx);
        await tx.flush();
        return value;
      } finally {
        tx.close();
      }
    });
    tx?.tellCommitted();
    return value;
  }
}
