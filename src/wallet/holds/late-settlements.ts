import { setTimeout as sleep } from 'node:timers/promises';
import type { OnModuleDestroy } from '@nestjs/common';
import { DatabaseUnavailable } from '../../errors.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../../time.js';

const LIMITS = {
  /** Number of settlements that may wait for the database. Each one keeps its answer in memory. */
  waitingMax: 1000,
  /** How long the caller waits. After that the settlement goes on without the caller. */
  callerWaitMs: 10_000,
  retryMinMs: 100,
  retryMaxMs: 2000,
};

/**
 * Retries settlements that failed because the database was unavailable. A short outage must not lose what a
 * model has produced. Each settlement is tried again until it succeeds, or until shortly before the lifetime
 * of its hold is over.
 */
export class LateSettlements implements OnModuleDestroy {
  private readonly waiting = new Set<Promise<unknown>>();
  private readonly stopping = new AbortController();

  constructor(private readonly limits = LIMITS) {}

  /** Number of settlements that wait for the database. */
  get depth(): number {
    return this.waiting.size;
  }

  /**
   * Runs `attempt`, which must be safe to run again after any failure. Runs it again while the database is
   * unavailable, until about a second before `until`. The caller waits for a limited time and then gets
   * `DatabaseUnavailable`, while the retries go on. Calls `giveUp` before the settlement fails for good.
   */
  async settle<T>(
    attempt: () => Promise<T>,
    until: Micros,
    giveUp: () => Promise<void>,
  ): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || this.depth >= this.limits.waitingMax) {
        await giveUp();
        throw error;
      }
      return this.waitWithLimit(this.retryUntil(attempt, until, giveUp), error);
    }
  }

  /**
   * Gives each waiting settlement one last try when the process stops. The sweeper of another process expires
   * a hold that stays open.
   */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.waiting);
  }

  private async waitWithLimit<T>(
    settled: Promise<T>,
    timeoutError: DatabaseUnavailable,
  ): Promise<T> {
    this.waiting.add(settled);
    const forget = () => this.waiting.delete(settled);
    settled.then(forget, forget);
    const timer = new AbortController();
    const timeLimit = sleep(this.limits.callerWaitMs, undefined, { signal: timer.signal }).then(
      () => {
        throw timeoutError;
      },
    );
    try {
      return await Promise.race([settled, timeLimit]);
    } finally {
      timeLimit.catch(() => undefined);
      timer.abort();
    }
  }

  private async retryUntil<T>(
    attempt: () => Promise<T>,
    until: Micros,
    giveUp: () => Promise<void>,
  ): Promise<T> {
    const { retryMinMs, retryMaxMs } = this.limits;
    let pauseMs = retryMinMs;
    for (;;) {
      // A random pause, so that not all settlements retry at the same moment.
      await this.pause(pauseMs * (0.5 + Math.random() / 2));
      pauseMs = Math.min(2 * pauseMs, retryMaxMs);
      const isLast = this.stopping.signal.aborted || until - nowMicros() < SECOND_MICROS;
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof DatabaseUnavailable && !isLast) continue;
        await giveUp();
        throw error;
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
