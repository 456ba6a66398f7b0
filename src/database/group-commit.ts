import { QueryFailedError, type DataSource, type QueryRunner } from 'typeorm';
import { Unavailable } from '../errors.js';
import { isConstraintFailure } from './database-errors.js';
import { Tx } from './queries.js';

/** Units that share one commit at most; more only lengthens the wait of the first. */
const GROUP_MAX = 64;
const WAITING_MAX = 10_000;

/** Tells one unit's caller what came of it; called once the commit is on disk. */
type Outcome = () => void;

interface Unit {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * SQLite's one writer, used by turns. What waits while a commit is being written to disk shares the next
 * commit, each unit in a savepoint of its own: a unit that fails is undone alone. No caller hears of
 * success before the shared commit is on disk.
 */
export class GroupCommit {
  private waiting: Unit[] = [];
  private draining: Promise<void> | undefined;

  constructor(private readonly dataSource: DataSource) {}

  add<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
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
   * Never rejects: each unit hears its own outcome. `IMMEDIATE` takes the write lock at once: a transaction
   * that reads first and writes later would fail if an operator's command wrote in between.
   */
  private async commit(group: Unit[]): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const outcomes: Outcome[] = [];
    try {
      await runner.query('BEGIN IMMEDIATE');
      for (const unit of group) outcomes.push(await perform(runner, unit, group.length === 1));
      await runner.query('COMMIT');
    } catch (error) {
      await rollBack(runner);
      for (const unit of group) unit.reject(error);
      return;
    }
    for (const tell of outcomes) tell();
  }
}

/**
 * Runs one unit and returns what to tell its caller after the commit. Throws when the whole group must
 * fail: the unit is alone in it, or the failure (disk full, I/O error) may have ended the transaction.
 */
async function perform(runner: QueryRunner, unit: Unit, alone: boolean): Promise<Outcome> {
  if (!alone) await runner.query('SAVEPOINT unit');
  try {
    const value = await unit.work(new Tx(runner.manager));
    if (!alone) await runner.query('RELEASE unit');
    return () => {
      unit.resolve(value);
    };
  } catch (error) {
    if (alone || (error instanceof QueryFailedError && !isConstraintFailure(error))) throw error;
    await runner.query('ROLLBACK TO unit');
    await runner.query('RELEASE unit');
    return () => {
      unit.reject(error);
    };
  }
}

/** After some failures SQLite has rolled back by itself, and there is nothing left to end. */
async function rollBack(runner: QueryRunner): Promise<void> {
  await runner.query('ROLLBACK').catch(() => undefined);
}
