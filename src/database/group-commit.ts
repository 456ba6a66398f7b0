import { Unavailable } from '../errors.js';
import { mayEndTransaction } from './database-errors.js';
import type { Database } from './data-source.js';
import { PendingRows, Tx } from './tx.js';
import type { Statements } from './statements.js';

/** Units that share one commit at most; more only lengthens the wait of the first. */
const GROUP_MAX = 64;
const WAITING_MAX = 10_000;
/** A unit takes milliseconds; one that waits for another unit would wait for ever, and so would all others. */
const UNIT_TIMEOUT_MS = 30_000;

/** Tells one unit's caller what came of it; called once the commit is on disk. */
type Outcome = () => void;

interface Unit {
  readonly work: (tx: Tx) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * SQLite's one writer, used by turns. What waits while a commit is being written to disk shares the next
 * commit; the units run one after the other, and what they insert is written together at the end. A unit
 * that fails is undone alone. No caller hears of success before the shared commit is on disk.
 */
export class GroupCommit {
  private waiting: Unit[] = [];
  private draining: Promise<void> | undefined;
  private readonly statements: Statements;

  constructor(
    private readonly database: Database,
    private readonly unitTimeoutMs = UNIT_TIMEOUT_MS,
  ) {
    this.statements = database.statements;
  }

  add<T>(work: (tx: Tx) => T | Promise<T>): Promise<T> {
    if (this.waiting.length >= WAITING_MAX) {
      return Promise.reject(new Unavailable('Too many requests are waiting.', 1));
    }
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ work, resolve: resolve as Unit['resolve'], reject });
      this.draining ??= this.drain();
    });
  }

  async idle(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    // A tick's grace: requests that arrive together share the first commit too.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.commit(this.waiting.splice(0, GROUP_MAX));
    this.draining = undefined;
  }

  /**
   * Never rejects: each unit hears its own outcome. Hardly ever does a unit fail with something written;
   * so none is guarded at first, and then all are undone and run again, each so that it can fail alone.
   */
  private async commit(group: Unit[]): Promise<void> {
    let outcomes: Outcome[];
    try {
      outcomes = await this.transact(() => this.together(group));
    } catch (error) {
      outcomes = group.length === 1 ? rejections(group, error) : await this.commitApart(group);
    }
    for (const tell of outcomes) tell();
  }

  private commitApart(group: Unit[]): Promise<Outcome[]> {
    return this.transact(() => this.apart(group)).catch((error: unknown) =>
      rejections(group, error),
    );
  }

  /**
   * `IMMEDIATE` takes the write lock at once: a transaction that reads first and writes later would fail
   * if an operator's command wrote in between.
   */
  private async transact(work: () => Promise<Outcome[]>): Promise<Outcome[]> {
    try {
      await this.statements.rows('BEGIN IMMEDIATE', []);
      const outcomes = await work();
      await this.statements.rows('COMMIT', []);
      return outcomes;
    } catch (error) {
      // After some failures SQLite has rolled back by itself, and there is nothing left to end.
      await this.statements.rows('ROLLBACK', []).catch(() => undefined);
      throw error;
    }
  }

  /** Throws when a unit fails that has written something: its failure must not stay in the others' commit. */
  private async together(group: Unit[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const pending = new PendingRows();
    for (const { work, resolve, reject } of group) {
      const earlier = pending.length;
      const tx = new Tx(this.database, this.statements, pending);
      try {
        const value = await this.perform(work, tx);
        outcomes.push(() => {
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
  private async apart(group: Unit[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const unit of group) outcomes.push(await this.alone(unit));
    return outcomes;
  }

  /** Throws when the whole group must fail, for the transaction may have ended. */
  private async alone({ work, resolve, reject }: Unit): Promise<Outcome> {
    const tx = new Tx(this.database, this.statements);
    await this.statements.rows('SAVEPOINT unit', []);
    try {
      const value = await this.perform(work, tx);
      await tx.flush();
      await this.statements.rows('RELEASE unit', []);
      return () => {
        resolve(value);
      };
    } catch (error) {
      if (mayEndTransaction(error)) throw error;
      await this.statements.rows('ROLLBACK TO unit', []);
      await this.statements.rows('RELEASE unit', []);
      return () => {
        reject(error);
      };
    }
  }

  /** A unit may wait for the database as long as that takes: while it does, its end cannot be told. */
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
