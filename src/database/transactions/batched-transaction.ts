import { BatchQueue } from './batch-queue.js';
import type { Tx } from './tx.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Maximum number of units in one shared transaction. */
const BATCH_MAX = 64;
/** A transaction may get no answer because its connection is silent. After this time the next transaction starts. */
const STALL_TIMEOUT_MS = 5000;

/** One step of many units of work. One statement does it for all of them, instead of one statement for each. */
export interface BatchedStep<Input, Result extends object | string> {
  /** Returns the name of a row that the step locks. Units that run alone lock it one at a time. */
  lockedRow(input: Input): string;
  /** Runs the step for one unit. */
  single(tx: Tx, input: Input): Promise<Result>;
  /**
   * Runs the step for many units, with the same results as one after the other. The result is undefined for a unit
   * that must run alone. Must not wait for another transaction, because all units of the batch would wait too.
   */
  batch(tx: Tx, inputs: readonly Input[]): Promise<(Result | undefined)[]>;
}

/** Tells whether the caller of a unit still waits for it: an `AbortSignal`, or an object that is made faster. */
export type CallerSignal = Pick<AbortSignal, 'aborted' | 'reason' | 'throwIfAborted'>;

/** For a unit that decides what is paid, so it is not cancelled when the client leaves. */
export const NEVER_ABORTED: CallerSignal = new AbortController().signal;

interface BatchedUnit<Input, Result extends object | string> {
  readonly input: Input;
  /** Aborted when the caller no longer waits for the unit. */
  readonly signal: CallerSignal;
  readonly finish: (tx: Tx, result: Result) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs units of work that begin with the same step. Units that arrive while a transaction runs share the next one.
 * Each unit is still all or nothing: if one fails, the shared transaction is rolled back and each unit runs again
 * in its own transaction. On SQLite, a unit that was alone in its batch is not run again.
 */
export class BatchedTransaction<Input, Result extends object | string> {
  private readonly queue: BatchQueue<BatchedUnit<Input, Result>>;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly step: BatchedStep<Input, Result>,
    stallTimeoutMs = STALL_TIMEOUT_MS,
  ) {
    this.queue = new BatchQueue((take) => this.commit(take), {
      batchMax: BATCH_MAX,
      stallTimeoutMs,
    });
  }

  /** Number of units that wait for the next transaction. */
  get depth(): number {
    return this.queue.depth;
  }

  /**
   * Adds a unit. `finish` runs inside the transaction, without a pause, and runs again if the transaction does.
   * Throws the reason of `signal`, and changes nothing, if it is aborted before the unit's turn.
   */
  add<T>(input: Input, signal: CallerSignal, finish: (tx: Tx, result: Result) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (value: unknown) => void;
      this.queue.add({ input, signal, finish, resolve: settle, reject });
    });
  }

  /** Never rejects. Each unit gets its own outcome, and gets success only after the commit is on disk. */
  private async commit(take: () => BatchedUnit<Input, Result>[]): Promise<void> {
    const attempt: { batch?: BatchedUnit<Input, Result>[]; mayRunAgain?: boolean } = {};
    try {
      const outcomes = await this.unitOfWork.run(async (tx) => {
        attempt.batch ??= withoutAborted(take());
        attempt.mayRunAgain = !this.runsSingleStep(attempt.batch);
        const outcomes = await this.runTogether(tx, attempt.batch);
        await tx.flush();
        // Once the work is done, it may have been committed. A second run could charge twice.
        attempt.mayRunAgain = false;
        return outcomes;
      });
      for (const report of outcomes) report();
    } catch (error) {
      for (const unit of attempt.batch ?? take()) {
        if (attempt.mayRunAgain) void this.runAlone(unit);
        else unit.reject(error);
      }
    }
  }

  /**
   * Checks whether a batch of one unit runs the step for one, which costs less than the step for many. Only on SQLite:
   * on PostgreSQL it could wait for a lock, and the next batch would wait too.
   */
  private runsSingleStep(batch: readonly unknown[]): boolean {
    return batch.length === 1 && this.unitOfWork.hasOneWriter;
  }

  /** Returns the functions to call when the transaction is on disk. */
  private async runTogether(tx: Tx, batch: BatchedUnit<Input, Result>[]): Promise<(() => void)[]> {
    const inputs = batch.map(({ input }) => input);
    const results = await this.runStep(tx, inputs);
    return batch.map((unit, index) => {
      const result = results[index];
      if (result === undefined) return () => void this.runAlone(unit);
      const value = unit.finish(tx, result);
      return () => {
        unit.resolve(value);
      };
    });
  }

  private async runStep(tx: Tx, inputs: readonly Input[]): Promise<(Result | undefined)[]> {
    const [only] = inputs;
    if (only === undefined || !this.runsSingleStep(inputs)) return this.step.batch(tx, inputs);
    return [await this.step.single(tx, only)];
  }

  private async runAlone({
    input,
    signal,
    finish,
    resolve,
    reject,
  }: BatchedUnit<Input, Result>): Promise<void> {
    const work = async (tx: Tx) => {
      signal.throwIfAborted();
      const result = await this.step.single(tx, input);
      // The step may have waited for a lock. An abort since then rolls the step back.
      signal.throwIfAborted();
      return finish(tx, result);
    };
    await this.unitOfWork.runOneAtATime(this.step.lockedRow(input), work).then(resolve, reject);
  }
}

/** Rejects and removes the units whose caller has left. If they failed later, every unit would have to run again. */
function withoutAborted<Input, Result extends object | string>(
  units: BatchedUnit<Input, Result>[],
): BatchedUnit<Input, Result>[] {
  return units.filter(({ signal, reject }) => {
    if (signal.aborted) reject(signal.reason);
    return !signal.aborted;
  });
}
