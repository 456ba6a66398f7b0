import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

const LATE_BY_MS = 1000;
/** Each holds its connection and some kilobytes. */
const WAITING_MAX = 1000;

/**
 * Lets a refused login wait before it is told. A client that tries without pause then costs a request a
 * second for each of its connections, not thousands. Past the bound refusals are told at once.
 */
@Injectable()
export class LateRefusals {
  private waiting = 0;

  async wait(): Promise<void> {
    if (this.waiting >= WAITING_MAX) return;
    this.waiting += 1;
    await sleep(LATE_BY_MS);
    this.waiting -= 1;
  }
}
