import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../errors.js';
import type { Tx } from './tx.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Units that share a transaction at most. */
const GROUP_MAX = 64;
const WAITING_MAX = 10_000;
/** A transaction that hears nothing (a connection that has gone silent) must not keep the next from starting. */
const PATIENCE_MS = 5000;

/** One step of many units, done by one statement where each would need its own. */
export interface Step<Input, Result> {
  /** For one unit alone. */
  one(tx: Tx, input: Input): Promise<Result>;
  /**
   * For many units, as if one came after the other; undefined for each that has to be done alone. Waits for
   * no other transaction: all the units wait with it.
   */
  many(tx: Tx, inputs: readonly Input[]): Promise<(Result | undefined)[]>;
}

interface Unit<Input, Result> {
  readonly input: Input;
  /** Aborted when nobody waits for the unit any more. */
  readonly gone: AbortSignal;
  readonly finish: (tx: Tx, result: Result) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Units of work that begin with the same step. While one transaction is under way, those that come are
 * gathered, and share the next one. Each is still all or nothing: when any of them fails, nothing of the
 * transaction is kept, and each is done again alone.
 */
export class BatchedTransaction<Input, Result> {
  private readonly waiting: Unit<Input, Result>[] = [];
  private isAtWork = false;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly step: Step<Input, Result>,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /**
   * `finish` runs in the transaction, at once, and again where the transaction does. Throws the reason of
   * `gone`, with nothing done, where it is aborted before the unit's turn.
   */
  add<T>(input: Input, gone: AbortSignal, finish: (tx: Tx, result: Result) => T): Promise<T> {
    if (this.waiting.length >= WAITING_MAX) {
      return Promise.reject(new Unavailable('Too many requests are waiting.', 1));
    }
    return new Promise<T>((resolve, reject) => {
      const unit = { input, gone, finish, resolve: resolve as (value: unknown) => void, reject };
      this.waiting.push(unit);
      if (!this.isAtWork) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.isAtWork = true;
    // A tick's grace: units that come together share the first transaction too.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const patience = new AbortController();
      await Promise.race([
        this.commit(),
        sleep(this.patienceMs, undefined, { signal: patience.signal, ref: false }).catch(() => 0),
      ]);
      patience.abort();
    }
    this.isAtWork = false;
  }

  /** Never rejects: each unit hears its own outcome, and of success once it is on disk. */
  private async commit(): Promise<void> {
    const turn: { group?: Unit<Input, Result>[]; isWorkDone: boolean } = { isWorkDone: false };
    try {
      const outcomes = await this.unitOfWork.run(async (tx) => {
        turn.isWorkDone = false;
        // As late as can be: until the transaction starts, more may come.
        turn.group ??= this.take();
        const group = await this.together(tx, turn.group);
        await tx.flush();
        turn.isWorkDone = true;
        return group;
      });
      for (const tell of outcomes) tell();
    } catch (error) {
      // Once the work is done, nobody knows whether it was committed; done again, it might be paid twice.
      if (turn.group && !turn.isWorkDone) for (const unit of turn.group) void this.alone(unit);
      else for (const { reject } of turn.group ?? this.take()) reject(error);
    }
  }

  /** Whoever left is not taken: in the transaction that would be a failure, and all would be done again. */
  private take(): Unit<Input, Result>[] {
    return this.waiting.splice(0, GROUP_MAX).filter(({ gone, reject }) => {
      if (gone.aborted) reject(gone.reason);
      return !gone.aborted;
    });
  }

  /** Returns what is to be done when the transaction is on disk. */
  private async together(tx: Tx, group: Unit<Input, Result>[]): Promise<(() => void)[]> {
    const inputs = group.map(({ input }) => input);
    const results = await this.step.many(tx, inputs);
    return group.map((unit, index) => {
      const result = results[index];
      if (result === undefined) return () => void this.alone(unit);
      const value = unit.finish(tx, result);
      return () => {
        unit.resolve(value);
      };
    });
  }

  private async alone({
    input,
    gone,
    finish,
    resolve,
    reject,
  }: Unit<Input, Result>): Promise<void> {
    const work = async (tx: Tx) => {
      gone.throwIfAborted();
      const result = await this.step.one(tx, input);
      // It may have waited for another transaction: what was done is undone.
      gone.throwIfAborted();
      return finish(tx, result);
    };
    await this.unitOfWork.run(work).then(resolve, reject);
  }
}
