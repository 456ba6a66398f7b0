import { DatabaseBusy } from '../errors.js';
import { BatchQueue } from './batch-queue.js';
import { mayEndTransaction } from './database-errors.js';
import type { Database } from './data-source.js';
import type { TransactionRunner } from './sqlite-runner.js';
import type { Statements } from './statements.js';
import { PendingRows, Tx } from './tx.js';

/** Units that share one commit, at most; more only lengthens the wait of the first. */
const BATCH_MAX = 64;
/** A unit takes milliseconds. One that waits for another unit would wait for ever, and block all others. */
const UNIT_TIMEOUT_MS = 30_000;

/** Tells one unit's caller how it ended; called once the commit is on disk. */
type Outcome = () => void;

interface Unit {
  readonly work: (tx: Tx) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * SQLite's one writer. Units that come while a commit is being written to disk share the next transaction
 * (TypeORM's); they run one after the other, and what they insert is written together at the end. A unit
 * that fails is undone alone. No caller hears of success before the shared commit is on disk.
 */
export class GroupCommit {
  private readonly queue = new BatchQueue<Unit>((take) => this.commit(take()), {
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
      this.queue.add({ work, resolve: resolve as Unit['resolve'], reject });
    });
  }

  /** Units that wait for the next commit. */
  get depth(): number {
    return this.queue.depth;
  }

  /** Resolves once nothing waits and nothing runs. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  /**
   * Never rejects: each unit gets its own outcome. First the units run without savepoints. If a unit fails
   * after writing, the transaction is rolled back, and each unit runs again in a savepoint of its own.
   */
  private async commit(batch: Unit[]): Promise<void> {
    let outcomes: Outcome[];
    try {
      outcomes = await this.transact(() => this.runTogether(batch));
    } catch (error) {
      // Another program has the lock, and was waited for: none of the units could do without it.
      const isFinal = batch.length === 1 || error instanceof DatabaseBusy;
      outcomes = isFinal ? rejections(batch, error) : await this.commitApart(batch);
    }
    for (const report of outcomes) report();
  }

  private commitApart(batch: Unit[]): Promise<Outcome[]> {
    return this.transact(() => this.runApart(batch)).catch((error: unknown) =>
      rejections(batch, error),
    );
  }

  private async transact(work: () => Promise<Outcome[]>): Promise<Outcome[]> {
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

  /** Throws when a unit fails that has written something: its failure must not stay in the others' commit. */
  private async runTogether(batch: Unit[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const pending = new PendingRows();
    for (const { work, resolve, reject } of batch) {
      const earlier = pending.length;
      const tx = this.open(pending);
      try {
        const value = await this.perform(work, tx);
        outcomes.push(() => {
          tx.tellCommitted();
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

  /** Each unit in a savepoint of its own. */
  private async runApart(batch: Unit[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const unit of batch) outcomes.push(await this.runNested(unit));
    return outcomes;
  }

  /** Throws when the whole batch must fail, for the transaction may have ended. */
  private async runNested({ work, resolve, reject }: Unit): Promise<Outcome> {
    const tx = this.open();
    // Within a transaction TypeORM's start, commit and rollback are those of a savepoint.
    await this.runner.startTransaction();
    try {
      const value = await this.perform(work, tx);
      await tx.flush();
      await this.runner.commitTransaction();
      return () => {
        tx.tellCommitted();
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

  /** A unit may wait for the database as long as it takes: nobody knows meanwhile what it has changed. */
  private async perform(work: Unit['work'], tx: Tx): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (tx.isAtDatabase) return;
        reject(new Error('a unit of work waits for something other than the database'));
      }, this.unitTimeoutMs);
    });
    try {
      return await Promise.race([work(tx), late]);
    } finally {
      clearInterval(timer);
      tx.close();
    }
  }
}

const rejections = (group: readonly Unit[], error: unknown): Outcome[] =>
  group.map((unit) => () => {
    unit.reject(error);
  });
