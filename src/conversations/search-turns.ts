import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Throttled } from '../errors.js';

/**
 * How long a search waits for an earlier search of the same user, in milliseconds. If the user is still
 * typing, the page has aborted the earlier search by then.
 */
const PATIENCE_MS = 1000;
const RETRY_AFTER_SECONDS = 1;

/**
 * Limits concurrent searches. A user has only one search at a time. All searches of this process together run
 * only one step at a time in the database. So other queries find free connections, and also run between two
 * steps.
 */
@Injectable()
export class SearchTurns {
  private readonly searching = new Map<string, Promise<void>>();
  private lastStep: Promise<unknown> = Promise.resolve();

  /** Runs a search. Throws `Throttled` if an earlier search of the owner does not end in time. */
  async ofOwner<T>(ownerId: string, gone: AbortSignal, search: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let earlier = this.searching.get(ownerId); earlier;) {
      const left = deadline - performance.now();
      if (left <= 0 || gone.aborted) throw new Throttled(RETRY_AFTER_SECONDS);
      await Promise.race([earlier, sleep(left, undefined, { ref: false })]);
      earlier = this.searching.get(ownerId);
    }
    const found = search();
    const over = found.then(
      () => undefined,
      () => undefined,
    );
    this.searching.set(ownerId, over);
    try {
      return await found;
    } finally {
      this.searching.delete(ownerId);
    }
  }

  /**
   * Runs one step when the steps before it are complete. Resolves to undefined if the caller has left by
   * then.
   */
  step<T>(gone: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
    const turn = this.lastStep.then(() => (gone.aborted ? undefined : read()));
    this.lastStep = turn.catch(() => undefined);
    return turn;
  }
}
