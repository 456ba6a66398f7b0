import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isUniqueViolation } from '../database/database-errors.js';
import { IdempotencyKeyInUse } from '../errors.js';
import type { IdempotencyRecord } from './idempotency-record.js';

/** How long a repeated request waits for the first one before it gets a 409. */
export const WAIT_MAX_MS = 100;

/** The name under which the owner's key is stored. */
type Key = Pick<IdempotencyRecord, 'route' | 'key'>;

/** What an idempotency key protects: an answer, a credit, or a code. */
export interface Protected<Record extends Key, Result> {
  /**
   * Returns the result of an earlier request with the key; undefined if the key is free. Throws
   * `IdempotencyKeyReused` for other input, and `IdempotencyKeyInUse` while an answer runs.
   */
  find(record: Record): Promise<Result | undefined>;
  /** Makes the result. Takes the key in its transaction, where a unique key accepts one request. */
  readonly run: () => Promise<Result>;
  /**
   * Resolves at the end of the answer that `find` reported as running. It is left out if a result is finished
   * when `run` is. After the signal is aborted nothing waits for it any more.
   */
  whenEnded?(turnId: string, signal: AbortSignal): Promise<void>;
}

/**
 * Runs something once under an idempotency key: an answer, a grant, a redemption, or a code. Repeated requests that
 * come at the same time wait a short time for the first one, without a database connection, so that clients
 * need not retry at once. All of them get the same result.
 */
@Injectable()
export class IdempotencyService {
  /**
   * The requests of this process that are about to take a key, by key. Between processes, the unique key in the
   * database decides which request runs.
   */
  private readonly starting = new Map<string, Promise<unknown>>();

  /**
   * Returns the earlier result of the key. If there is none, returns the result of `run`. Without a record it only
   * runs. Throws the errors of both, and `IdempotencyKeyInUse` while the first request runs.
   */
  async once<Record extends Key, Result>(
    ownerId: string,
    record: Record | undefined,
    work: Protected<Record, Result>,
  ): Promise<Result> {
    if (!record) return work.run();
    const until = performance.now() + WAIT_MAX_MS;
    const name = [ownerId, record.route, record.key].join(' ');
    const findEarlier = () => findEnded(work, record, until);
    for (;;) {
      const earlier = await findEarlier();
      if (earlier !== undefined) return earlier;
      const first = this.starting.get(name);
      if (!first) return this.start(name, work.run, findEarlier);
      await waitFor(() => first.catch(() => undefined), until);
      if (this.starting.get(name) === first) throw new IdempotencyKeyInUse();
    }
  }

  /**
   * Runs. If that fails, another request may have been faster: it took the key, or spent the tokens that the run
   * needed. Then returns its result.
   */
  private async start<Result>(
    name: string,
    run: () => Promise<Result>,
    findFaster: () => Promise<Result | undefined>,
  ): Promise<Result> {
    const started = run();
    this.starting.set(name, started);
    try {
      return await started.finally(() => this.starting.delete(name));
    } catch (error) {
      const faster = await findFaster();
      if (faster !== undefined) return faster;
      throw isUniqueViolation(error) ? new IdempotencyKeyInUse() : error;
    }
  }
}

/** Returns the earlier result; undefined if the key is free. Waits until `until` while an answer runs. */
async function findEnded<Record extends Key, Result>(
  work: Protected<Record, Result>,
  record: Record,
  until: number,
): Promise<Result | undefined> {
  for (;;) {
    try {
      return await work.find(record);
    } catch (error) {
      if (!(error instanceof IdempotencyKeyInUse) || performance.now() >= until) throw error;
      const { turnId } = error;
      await waitFor(
        (signal) => (turnId === undefined ? undefined : work.whenEnded?.(turnId, signal)),
        until,
      );
    }
  }
}

/**
 * Resolves when the event comes, or at `until`, also without an event. Rejects if the event rejects. After that,
 * aborts the event's signal, because nothing waits for it any more.
 */
async function waitFor(
  eventOf: (signal: AbortSignal) => Promise<unknown> | undefined,
  until: number,
): Promise<void> {
  const timer = new AbortController();
  const leftMs = Math.max(0, until - performance.now());
  const timeLimit = sleep(leftMs, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([eventOf(timer.signal) ?? timeLimit, timeLimit]).finally(() => {
    timer.abort();
  });
}
