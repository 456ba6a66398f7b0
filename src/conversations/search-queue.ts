import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Throttled } from '../errors.js';

/**
 * How long a search waits for an earlier search of the same user, in milliseconds. If the user is still
 * typing, the page has aborted the earlier search by then.
 */
const WAIT_MAX_MS = 1000;
const RETRY_AFTER_SECONDS = 1;

/**
 * Limits concurrent searches. A user has only one search at a time. All searches of this process together run
 * only one step at a time in the database. So other queries find free connections, and also run between two
 * steps.
 */
@Injectable()
export class SearchQueue {
  private readonly searching = new Map<string, Promise<void>>();
  private lastStep: Promise<unknown> = Promise.resolve();

  /** Runs a search. Throws `Throttled` if an earlier search of the owner does not end in time. */
  async runForOwner<T>(
    ownerId: string,
    disconnectSignal: AbortSignal,
    search: () => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + WAIT_MAX_MS;
    for (let earlier = this.searching.get(ownerId); earlier;) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || disconnectSignal.aborted) throw new Throttled(RETRY_AFTER_SECONDS);
      await Promise.race([earlier, sleep(leftMs, undefined, { ref: false })]);
      earlier = this.searching.get(ownerId);
    }
    const running = search();
    const ended = running.then(
      () => undefined,
      () => undefined,
    );
    this.searching.set(ownerId, ended);
    try {
      return await running;
    } finally {
      this.searching.delete(ownerId);
    }
  }

  /**
   * Runs one step when the steps before it are complete. Resolves to undefined if the caller has left by
   * then.
   */
  runStep<T>(disconnectSignal: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
    const result = this.lastStep.then(() => (disconnectSignal.aborted ? undefined : read()));
    this.lastStep = result.catch(() => undefined);
    return result;
  }
}
