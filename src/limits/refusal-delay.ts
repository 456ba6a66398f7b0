import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';

/** Minimum delay of a refusal. */
const DELAY_MS = 1000;
/**
 * Late refusals are sent one by one with at least this time between them: a client sends its next request as soon as
 * it is refused, and such a request costs more than a millisecond.
 */
const INTERVAL_MS = 20;
/**
 * Maximum number of waiting refusals. Each keeps its connection and some kilobytes. Refusals of a user also count
 * for `REQUESTS_MAX`, so the maximum is also limited to a fifth of it.
 */
const WAITING_MAX = 1000;
const WAITING_SHARE_OF_REQUESTS = 0.2;
/**
 * Number of refusals in a second that are sent at once. A caller with more refusals does not pause between
 * requests.
 */
const IMMEDIATE_PER_SECOND = 20;

/**
 * Delays refusals. A client that retries without a pause then costs one request a second or less for each
 * connection, instead of thousands. If too many refusals wait, further ones are sent at once.
 */
@Injectable()
export class RefusalDelay {
  private waiting = 0;
  /** When the last of the waiting refusals will be sent. */
  private lastSentAt = -Infinity;
  private readonly refusalCounts = new Map<string, number>();
  private countedSince = -Infinity;
  private readonly waitingMax: number;

  constructor(@Inject(CONFIG) { requestsMax }: Config) {
    this.waitingMax = Math.min(WAITING_MAX, Math.floor(requestsMax * WAITING_SHARE_OF_REQUESTS));
  }

  async wait(): Promise<void> {
    if (this.waiting >= this.waitingMax) return;
    this.waiting += 1;
    const now = performance.now();
    this.lastSentAt = Math.max(now + DELAY_MS, this.lastSentAt + INTERVAL_MS);
    await sleep(this.lastSentAt - now);
    this.waiting -= 1;
  }

  /** Throws the refusal, with a delay if the caller (a user or a network) does not pause between requests. */
  async refuse(caller: string, refusal: unknown): Promise<never> {
    await this.delay(caller);
    throw refusal;
  }

  /** Counts a refusal of a caller. Returns its delay if the caller does not pause between requests. */
  delay(caller: string): Promise<void> | undefined {
    const now = performance.now();
    if (now - this.countedSince >= 1000) {
      this.refusalCounts.clear();
      this.countedSince = now;
    }
    const count = (this.refusalCounts.get(caller) ?? 0) + 1;
    this.refusalCounts.set(caller, count);
    return count > IMMEDIATE_PER_SECOND ? this.wait() : undefined;
  }
}
