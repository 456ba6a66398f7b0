import { setTimeout as sleep } from 'node:timers/promises';
import type { OnModuleDestroy } from '@nestjs/common';
import { DatabaseUnavailable } from '../errors.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';

const LIMITS = {
  /** Settlements that wait for the database, at most: each has its answer in memory. */
  waitingMax: 1000,
  /** So long the caller waits along; the settlement then goes on without them. */
  callerWaitMs: 10_000,
  retryMinMs: 100,
  retryMaxMs: 2000,
};

/**
 * Settlements that the database could not take: what a model has produced is not thrown away for an outage that
 * may be over in a moment. Each is tried again until it is settled, or the lifetime of its hold is over.
 */
export class LateSettlements implements OnModuleDestroy {
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly stopping = new AbortController();

  constructor(private readonly limits = LIMITS) {}

  /** How many wait for the database. */
  get depth(): number {
    return this.underWay.size;
  }

  /**
   * Runs `attempt`, which must be safe to run again after any failure: once, and where the database is unavailable again
   * until `until`. The caller waits along for a while, and is then told that it is unavailable. `giveUp` is called
   * before this fails for good.
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
      return this.waitAlong(this.persist(attempt, until, giveUp), error);
    }
  }

  /** On the way down each that waits has one more try; what is then left open is given back by those who come after. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.underWay);
  }

  private async waitAlong<T>(settled: Promise<T>, why: DatabaseUnavailable): Promise<T> {
    this.underWay.add(settled);
    const forget = () => this.underWay.delete(settled);
    settled.then(forget, forget);
    const timer = new AbortController();
    const late = sleep(this.limits.callerWaitMs, undefined, { signal: timer.signal }).then(() => {
      throw why;
    });
    try {
      return await Promise.race([settled, late]);
    } finally {
      late.catch(() => undefined);
      timer.abort();
    }
  }

  private async persist<T>(
    attempt: () => Promise<T>,
    until: Micros,
    giveUp: () => Promise<void>,
  ): Promise<T> {
    const { retryMinMs, retryMaxMs } = this.limits;
    let pauseMs = retryMinMs;
    for (;;) {
      // Spaced at random, so that not all come back at once.
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
