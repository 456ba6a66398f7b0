import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';

/** A second, or up to three where many wait: then so many refusals are told in a second. */
const LATE_BY_MS = 1000;
const LATE_BY_MS_MAX = 3000;
const TOLD_A_SECOND_MAX = 250;
/** Each holds its connection and some kilobytes; a person's also a place of `REQUESTS_MAX`, of which this is a part. */
const WAITING_MAX = 1000;
const PART_OF_REQUESTS = 0.2;
/** Somebody who is refused more often within a second does not pause in between. */
const AT_ONCE_A_SECOND = 20;

/**
 * Lets a refusal wait before it is told. A client that tries without pause then costs a request a second, or less, for
 * each of its connections, not thousands. Past the bound refusals are told at once.
 */
@Injectable()
export class LateRefusals {
  private waiting = 0;
  private readonly toldTo = new Map<string, number>();
  private since = -Infinity;
  private readonly waitingMax: number;

  constructor(@Inject(CONFIG) { requestsMax }: Config) {
    this.waitingMax = Math.min(WAITING_MAX, Math.floor(requestsMax * PART_OF_REQUESTS));
  }

  async wait(): Promise<void> {
    if (this.waiting >= this.waitingMax) return;
    this.waiting += 1;
    const fairMs = (this.waiting * 1000) / TOLD_A_SECOND_MAX;
    await sleep(Math.min(Math.max(LATE_BY_MS, fairMs), LATE_BY_MS_MAX));
    this.waiting -= 1;
  }

  /** Throws the refusal: late for a caller, a person or a network, who does not pause. */
  async refuse(caller: string, refusal: unknown): Promise<never> {
    const now = performance.now();
    if (now - this.since >= 1000) {
      this.toldTo.clear();
      this.since = now;
    }
    const count = (this.toldTo.get(caller) ?? 0) + 1;
    this.toldTo.set(caller, count);
    if (count > AT_ONCE_A_SECOND) await this.wait();
    throw refusal;
  }
}
