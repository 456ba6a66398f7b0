import { Inject, Injectable } from '@nestjs/common';
import Queue from 'yocto-queue';
import { CONFIG, type Config } from '../config/config.js';

/** Minimum delay of a refusal. */
const DELAY_MS = 1000;
/**
 * Late refusals are sent one by one with at least this time between them. A client sends its next request as soon as
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

/** A refusal that waits, and the time after which it may be sent. */
interface WaitingRefusal {
  readonly dueAt: number;
  readonly send: () => void;
}

/**
 * Delays refusals. A client that retries without a pause then costs one request a second or less for each
 * connection, instead of thousands. The refusals of all callers are sent in turn, so that nobody waits for the many
 * refusals of one network. If too many wait, one refusal of the caller with the most refusals is sent at once.
 */
@Injectable()
export class RefusalDelay {
  /** The waiting refusals by caller, in order. The next caller is first. */
  private readonly lines = new Map<string, Queue<WaitingRefusal>>();
  private waiting = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly refusalCounts = new Map<string, number>();
  private countedSince = -Infinity;
  private readonly waitingMax: number;

  constructor(@Inject(CONFIG) { requestsMax }: Pick<Config, 'requestsMax'>) {
    this.waitingMax = Math.min(WAITING_MAX, Math.floor(requestsMax * WAITING_SHARE_OF_REQUESTS));
  }

  /** Resolves when a refusal of this caller (a user, a network, or a line of hashes) may be sent. */
  async wait(caller: string): Promise<void> {
    if (this.waiting >= this.waitingMax && !this.makeRoom(caller)) return;
    const line = this.lines.get(caller) ?? new Queue();
    this.lines.set(caller, line);
    this.waiting += 1;
    this.timer ??= setTimeout(this.sendNext, DELAY_MS);
    await new Promise<void>((send) => {
      line.enqueue({ dueAt: performance.now() + DELAY_MS, send });
    });
  }

  /** Sends a refusal of the caller with the most refusals, unless this caller has as many. Returns whether it did. */
  private makeRoom(caller: string): boolean {
    let most = caller;
    let longest = this.lines.get(caller);
    for (const [other, line] of this.lines)
      if (line.size > (longest?.size ?? 0)) [most, longest] = [other, line];
    if (most === caller || !longest) return false;
    this.send(most, longest);
    return true;
  }

  /** Sends one refusal, of the next caller with one that is due, and arranges the next one. */
  private readonly sendNext = (): void => {
    const now = performance.now();
    for (const [caller, line] of this.lines) {
      if ((line.peek()?.dueAt ?? Infinity) > now) continue;
      this.send(caller, line);
      break;
    }
    this.timer = this.waiting > 0 ? setTimeout(this.sendNext, INTERVAL_MS) : undefined;
  };

  /** Sends the oldest refusal in the line of a caller. After that the caller is the last one in turn. */
  private send(caller: string, line: Queue<WaitingRefusal>): void {
    const refusal = line.dequeue();
    this.lines.delete(caller);
    if (line.size > 0) this.lines.set(caller, line);
    this.waiting -= 1;
    refusal?.send();
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
    return count > IMMEDIATE_PER_SECOND ? this.wait(caller) : undefined;
  }
}
