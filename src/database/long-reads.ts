import { setTimeout as sleep } from 'node:timers/promises';
import { Throttled } from '../errors.js';

const RETRY_AFTER_SECONDS = 1;

/** A step that took long because the database stood still must not delay the next one for as long again. */
const PAUSE_MAX_MS = 1000;

/**
 * Limits concurrent reads of many rows. A user has only one of them at a time. Of all reads of one `LongReads`, only
 * one step runs at a time in the database. So other queries find free connections, and also run between two steps.
 * SQLite has only one connection for reading. While other requests are open, each step is followed by a pause that is
 * as long as the step was. So long reads take at most half of a core from these requests.
 */
export class LongReads {
  private readonly reading = new Map<string, Promise<void>>();
  private lastStep: Promise<unknown> = Promise.resolve();
  private callers = 0;

  /**
   * @param waitMaxMs How long a read waits for an earlier one of the same user, in milliseconds.
   * @param openRequests Returns the number of open requests. Each caller of a read is one of them.
   */
  constructor(
    private readonly waitMaxMs: number,
    private readonly openRequests: () => number,
  ) {}

  /** Runs a read. Throws `Throttled` if an earlier read of the owner does not end in time. */
  async runForOwner<T>(
    ownerId: string,
    disconnectSignal: AbortSignal,
    read: () => Promise<T>,
  ): Promise<T> {
    this.callers += 1;
    try {
      return await this.runInTurn(ownerId, disconnectSignal, read);
    } finally {
      this.callers -= 1;
    }
  }

  private async runInTurn<T>(
    ownerId: string,
    disconnectSignal: AbortSignal,
    read: () => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + this.waitMaxMs;
    for (let earlier = this.reading.get(ownerId); earlier;) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || disconnectSignal.aborted) throw new Throttled(RETRY_AFTER_SECONDS);
      const clock = new AbortController();
      const late = sleep(leftMs, undefined, { ref: false, signal: clock.signal });
      await Promise.race([earlier, late]).finally(() => {
        clock.abort();
      });
      await late.catch(() => undefined);
      earlier = this.reading.get(ownerId);
    }
    const running = read();
    const ended = running.then(
      () => undefined,
      () => undefined,
    );
    this.reading.set(ownerId, ended);
    try {
      return await running;
    } finally {
      this.reading.delete(ownerId);
    }
  }

  /**
   * Reads in steps and yields their results. Each step reads the rows after the last one of the step before. No step
   * begins after the last one, or after the caller has left.
   */
  async *steps<Position, Step extends { readonly last: Position | undefined }>(
    disconnectSignal: AbortSignal,
    first: Position | undefined,
    read: (after: Position) => Promise<Step>,
  ): AsyncGenerator<Step, void> {
    let after = first;
    while (after !== undefined) {
      const begin = after;
      const step = await this.runStep(disconnectSignal, () => read(begin));
      if (!step) return;
      yield step;
      after = step.last;
    }
  }

  /**
   * Runs one step when the steps before it and their pauses are over. Resolves to undefined if the caller has left
   * by then.
   */
  runStep<T>(disconnectSignal: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
    let startedAt: number | undefined;
    const result = this.lastStep.then(() => {
      if (disconnectSignal.aborted) return undefined;
      startedAt = performance.now();
      return read();
    });
    const pause = async () => {
      if (startedAt === undefined || this.openRequests() <= this.callers) return;
      await sleep(Math.min(performance.now() - startedAt, PAUSE_MAX_MS));
    };
    this.lastStep = result.then(pause, pause);
    return result;
  }
}
