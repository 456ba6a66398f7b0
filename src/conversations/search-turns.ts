import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Throttled } from '../errors.js';

/** How long a search waits for an earlier one of the same person; who types on has left that by then. */
const PATIENCE_MS = 1000;
const RETRY_AFTER_SECONDS = 1;

/**
 * Whose turn it is to search: a person has one search at a time, and the database is at one step of one search at
 * a time, whosever. Everything else finds the other connections, and the time between two steps, free.
 */
@Injectable()
export class SearchTurns {
  private readonly searching = new Map<string, Promise<void>>();
  private lastStep: Promise<unknown> = Promise.resolve();

  /** Runs a search. Throws `Throttled` where an earlier one of the owner goes on for too long. */
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

  /** Runs one step when those before it are over; undefined for a caller who has left by then. */
  step<T>(gone: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
    const turn = this.lastStep.then(() => (gone.aborted ? undefined : read()));
    this.lastStep = turn.catch(() => undefined);
    return turn;
  }
}
