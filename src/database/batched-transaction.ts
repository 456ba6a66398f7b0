import { BatchQueue } from './batch-queue.js';
import type { Tx } from './tx.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Units that share a transaction, at most. */
const BATCH_MAX = 64;
/** A transaction that hears nothing (its connection has gone silent) must not keep the next from starting. */
const STALL_TIMEOUT_MS = 5000;

/** One step of many units, done by one statement where each would need its own. */
export interface BatchedStep<Input, Result> {
  /** For one unit alone. */
  single(tx: Tx, input: Input): Promise<Result>;
  /**
   * For many units, as if one came after the other; undefined for each that has to be done alone. Must not
   * wait for another transaction: all the units would wait with it.
   */
  batch(tx: Tx, inputs: readonly Input[]): Promise<(Result | undefined)[]>;
}

interface Unit<Input, Result> {
  readonly input: Input;
  /** Aborted when the caller no longer waits for the unit. */
  readonly signal: AbortSignal;
  readonly finish: (tx: Tx, result: Result) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Units of work that begin with the same step. Units that come while a transaction is under way share the
 * next one. Each is still all or nothing: if one unit fails, the shared transaction is rolled back, and each
 * unit is run again in a transaction of its own.
 */
export class BatchedTransaction<Input, Result> {
  private readonly queue: BatchQueue<Unit<Input, Result>>;

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

  /** Units that wait for the next transaction. */
  get depth(): number {
    return this.queue.depth;
  }

  /**
   * `finish` runs in the transaction, at once, and again where the transaction does. Throws the reason of
   * `signal`, with nothing done, where it is aborted before the unit's turn.
   */
  add<T>(input: Input, signal: AbortSignal, finish: (tx: Tx, result: Result) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (value: unknown) => void;
      this.queue.add({ input, signal, finish, resolve: settle, reject });
    });
  }

  /** Never rejects: each unit gets its own outcome, and success only once it is on disk. */
  private async commit(take: () => Unit<Input, Result>[]): Promise<void> {
    const attempt: { batch?: Unit<Input, Result>[]; isWorkDone: boolean } = { isWorkDone: false };
    try {
      const outcomes = await this.unitOfWork.run(async (tx) => {
        attempt.isWorkDone = false;
        attempt.batch ??= withoutAborted(take());
        const outcomes = await this.runTogether(tx, attempt.batch);
        await tx.flush();
        attempt.isWorkDone = true;
        return outcomes;
      });
      for (const report of outcomes) report();
    } catch (error) {
      // Once the work is done, it may have been committed: a second run could charge twice.
      const mayRunAgain = attempt.batch !== undefined && !attempt.isWorkDone;
      for (const unit of attempt.batch ?? take()) {
        if (mayRunAgain) void this.runAlone(unit);
        else unit.reject(error);
      }
    }
  }

  /** Returns what is to be done when the transaction is on disk. */
  private async runTogether(tx: Tx, batch: Unit<Input, Result>[]): Promise<(() => void)[]> {
    const inputs = batch.map(({ input }) => input);
    const results = await this.step.batch(tx, inputs);
    return batch.map((unit, index) => {
      const result = results[index];
      if (result === undefined) return () => void this.runAlone(unit);
      const value = unit.finish(tx, result);
      return () => {
        unit.resolve(value);
      };
    });
  }

  private async runAlone({
    input,
    signal,
    finish,
    resolve,
    reject,
  }: Unit<Input, Result>): Promise<void> {
    const work = async (tx: Tx) => {
      signal.throwIfAborted();
      const result = await this.step.single(tx, input);
      // The step may have waited for a lock. An abort since then rolls it back.
      signal.throwIfAborted();
      return finish(tx, result);
    };
    await this.unitOfWork.run(work).then(resolve, reject);
  }
}

/** Skips units whose caller has left. A failing unit would force every unit of the batch to be run again. */
function withoutAborted<Input, Result>(units: Unit<Input, Result>[]): Unit<Input, Result>[] {
  return units.filter(({ signal, reject }) => {
    if (signal.aborted) reject(signal.reason);
    return !signal.aborted;
  });
}
