import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DatabaseBusy } from '../../errors.js';
import { Database } from '../data-source.js';
import { isSerializationFailure } from '../database-errors.js';
import { GroupCommit } from './group-commit.js';
import { Tx } from './tx.js';
import { traced } from '../../tracing.js';

const ATTEMPTS_MAX = 5;
const BACKOFF_MS = 10;
/** A unit without a connection is tried again only within this time. After a longer wait in the pool it fails. */
const CONNECTION_RETRY_WITHIN_MS = 1000;
/** Longest wait of a unit in `runOneAtATime`. It is equal to the longest wait for a connection. */
const QUEUE_WAIT_MAX_MS = 10_000;

/**
 * The only way to write. All of `work` happens, or nothing. PostgreSQL gives each call its own connection. SQLite
 * has one connection, so there the calls run one after another (`GroupCommit`). `work` may run again, after a deadlock
 * or when a unit that shares its commit fails, so it must change nothing except through `tx`. It must never wait for
 * the network or for another unit: code that is part of its transaction receives `tx`.
 */
@Injectable()
export class UnitOfWork {
  private readonly groupCommit: GroupCommit | undefined;
  /** The last unit that waits or runs, for each row that units lock in turn. */
  private readonly lastQueued = new Map<string, Promise<unknown>>();

  constructor(private readonly database: Database) {
    if (database.isSqlite) this.groupCommit = new GroupCommit(database);
  }

  run<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    const system = this.database.isSqlite ? 'sqlite' : 'postgresql';
    return traced('transaction', { 'db.system.name': system }, () => this.runTransaction(work));
  }

  /**
   * Runs a unit of work that locks a row which other units lock as well. `lockedRow` is any name of the row. These
   * units run one at a time in this process, so that the waiting ones take no connection from other work. Throws
   * `DatabaseBusy` if the turn comes after more than ten seconds.
   */
  runOneAtATime<T>(lockedRow: string, work: (tx: Tx) => T | Promise<T>): Promise<T> {
    if (this.hasOneWriter) return this.run(work);
    const askedAt = performance.now();
    const earlier = this.lastQueued.get(lockedRow) ?? Promise.resolve();
    const done = earlier.then(() => {
      if (performance.now() - askedAt > QUEUE_WAIT_MAX_MS) throw new DatabaseBusy();
      return this.run(work);
    });
    const over = () => {
      if (this.lastQueued.get(lockedRow) === ended) this.lastQueued.delete(lockedRow);
    };
    const ended = done.then(over, over);
    this.lastQueued.set(lockedRow, ended);
    return done;
  }

  /** Whether all writes run one after another, as on SQLite, so that a unit never waits for the lock of another. */
  get hasOneWriter(): boolean {
    return this.groupCommit !== undefined;
  }

  private runTransaction<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    return this.groupCommit ? this.groupCommit.add(work) : this.withRetries(work);
  }

  /**
   * Number of writes that wait on SQLite. On PostgreSQL it is 0, because writes wait for a connection of the pool.
   */
  get depth(): number {
    return this.groupCommit?.depth ?? 0;
  }

  /** Resolves when no unit waits and no unit runs. The database can then be closed. */
  async idle(): Promise<void> {
    await this.groupCommit?.idle();
  }

  /**
   * Runs a unit again after a deadlock (40P01) or a serialization failure (40001). Both rolled everything back, so
   * this is safe. Also tries again if the server had no free connection (53300), because others soon return theirs.
   * The number of attempts is limited, and the pauses are random so that two rivals do not collide again.
   */
  private async withRetries<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let hasBegun = false;
    const markedWork = (tx: Tx) => {
      hasBegun = true;
      return work(tx);
    };
    const isRefused = (error: unknown) =>
      error instanceof DatabaseBusy &&
      !hasBegun &&
      performance.now() - startedAt < CONNECTION_RETRY_WITHIN_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.transact(markedWork);
      } catch (error) {
        const isRetryable = isSerializationFailure(error) || isRefused(error);
        if (attempt === ATTEMPTS_MAX || !isRetryable) throw error;
        await sleep(Math.random() * BACKOFF_MS * 2 ** attempt);
      }
    }
  }

  private async transact<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    const [tx, value] = await this.database.transaction(async ({ queryRunner }) => {
      if (!queryRunner) throw new Error('a transaction without a connection');
      const statements = await this.database.statementsOf(queryRunner);
      const tx = new Tx(this.database, statements, () => queryRunner.manager);
      try {
        const value = await work(tx);
        await tx.flush();
        return [tx, value] as const;
      } finally {
        tx.close();
      }
    });
    tx.notifyCommitted();
    return value;
  }
}
