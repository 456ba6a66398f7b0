import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/** A second, or longer where many wait: then so many refusals are told in a second, however many clients there are. */
const LATE_BY_MS = 1000;
const TOLD_A_SECOND_MAX = 250;
/** Each holds its connection and some kilobytes. */
const WAITING_MAX = 4000;
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

  async wait(): Promise<void> {
    if (this.waiting >= WAITING_MAX) return;
    this.waiting += 1;
    await sleep(Math.max(LATE_BY_MS, (this.waiting * 1000) / TOLD_A_SECOND_MAX));
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
