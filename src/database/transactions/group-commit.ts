import { DatabaseBusy } from '../../errors.js';
import { BatchQueue } from './batch-queue.js';
import { mayEndTransaction } from '../database-errors.js';
import type { Database } from '../data-source.js';
import type { TransactionRunner } from '../sqlite/sqlite-runner.js';
import type { Statements } from '../statements.js';
import { PendingRows, Tx } from './tx.js';

/** Maximum number of units that share one commit. More would only make the first one wait longer. */
const BATCH_MAX = 64;
/** A unit takes milliseconds. A unit that waits for another unit would never end, and would block all others. */
const UNIT_TIMEOUT_MS = 30_000;

/** Reports to the caller of one unit how it ended. Called after the commit is on disk. */
type Report = () => void;

interface WaitingUnit {
  readonly work: (tx: Tx) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one writer on SQLite. Units that arrive while a commit is written to disk share the next transaction. They
 * run one after the other, and the rows that they insert are written together at the end. A unit that fails is
 * rolled back alone. No caller sees success before the shared commit is on disk.
 */
export class GroupCommit {
  private readonly queue = new BatchQueue<WaitingUnit>((take) => this.commit(take()), {
    batchMax: BATCH_MAX,
  });
  private readonly statements: Statements;
  private readonly runner: TransactionRunner;

  constructor(
    private readonly database: Database,
    private readonly unitTimeoutMs = UNIT_TIMEOUT_MS,
  ) {
    this.statements = database.statements;
    this.runner = database.transactionRunner();
  }

  add<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.add({ work, resolve: resolve as WaitingUnit['resolve'], reject });
    });
  }

  /** Number of units that wait for the next commit. */
  get depth(): number {
    return this.queue.depth;
  }

  /** Resolves when no unit waits and no unit runs. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  /**
   * Commits a batch. Never rejects: each unit gets its own outcome. The units first run without savepoints. If a
   * unit fails after a write, the transaction is rolled back, and each unit runs again in its own savepoint.
   */
  private async commit(batch: WaitingUnit[]): Promise<void> {
    let outcomes: Report[];
    try {
      outcomes = await this.transact(() => this.runTogether(batch));
    } catch (error) {
      // Another program still has the lock after the wait. No unit can run without it.
      const isFinal = batch.length === 1 || error instanceof DatabaseBusy;
      outcomes = isFinal ? rejections(batch, error) : await this.commitApart(batch);
    }
    for (const report of outcomes) report();
  }

  private commitApart(batch: WaitingUnit[]): Promise<Report[]> {
    return this.transact(() => this.runApart(batch)).catch((error: unknown) =>
      rejections(batch, error),
    );
  }

  private async transact(work: () => Promise<Report[]>): Promise<Report[]> {
    try {
      await this.runner.startTransaction();
      const outcomes = await work();
      await this.runner.commitTransaction();
      return outcomes;
    } catch (error) {
      await this.runner.rollbackAll();
      throw error;
    }
  }

  /**
   * Runs all units in one transaction. Throws if a unit fails after a write, because that write must not be
   * committed with the others.
   */
  private async runTogether(batch: WaitingUnit[]): Promise<Report[]> {
    const outcomes: Report[] = [];
    const pending = new PendingRows();
    for (const { work, resolve, reject } of batch) {
      const earlier = pending.length;
      const tx = this.open(pending);
      try {
        const value = await this.perform(work, tx);
        outcomes.push(() => {
          tx.notifyCommitted();
          resolve(value);
        });
      } catch (error) {
        if (tx.hasWritten || mayEndTransaction(error)) throw error;
        pending.truncate(earlier);
        outcomes.push(() => {
          reject(error);
        });
      }
    }
    await this.statements.insert(pending.take());
    return outcomes;
  }

  /** Runs each unit in its own savepoint. */
  private async runApart(batch: WaitingUnit[]): Promise<Report[]> {
    const outcomes: Report[] = [];
    for (const unit of batch) outcomes.push(await this.runNested(unit));
    return outcomes;
  }

  /** Throws if the whole batch must fail because the transaction may have ended. */
  private async runNested({ work, resolve, reject }: WaitingUnit): Promise<Report> {
    const tx = this.open();
    // Inside a transaction TypeORM's start, commit and rollback use a savepoint.
    await this.runner.startTransaction();
    try {
      const value = await this.perform(work, tx);
      await tx.flush();
      await this.runner.commitTransaction();
      return () => {
        tx.notifyCommitted();
        resolve(value);
      };
    } catch (error) {
      if (mayEndTransaction(error)) throw error;
      await this.runner.rollbackTransaction();
      return () => {
        reject(error);
      };
    }
  }

  private open(pending?: PendingRows): Tx {
    return new Tx(
      this.database,
      this.statements,
      (tx) => this.database.entitiesWithin(tx),
      pending,
    );
  }

  /**
   * Runs one unit, and rejects if it waits for something other than the database. A unit may wait for the database
   * without a limit, because its changes are unknown until the database answers.
   */
  private async perform(work: WaitingUnit['work'], tx: Tx): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (tx.isAtDatabase) return;
        reject(new Error('a unit of work waits for something other than the database'));
      }, this.unitTimeoutMs);
    });
    try {
      return await Promise.race([work(tx), timeout]);
    } finally {
      clearInterval(timer);
      tx.close();
    }
  }
}

const rejections = (group: readonly WaitingUnit[], error: unknown): Report[] =>
  group.map((unit) => () => {
    unit.reject(error);
  });
