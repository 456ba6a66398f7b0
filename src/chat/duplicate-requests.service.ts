import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { IdempotencyKeyInUse } from '../errors.js';
import { HoldsService } from '../wallet/holds.service.js';
import { resultOfFasterRequest, type IdempotencyRecord } from '../wallet/idempotency-record.js';
import { RunningAnswers } from './running-answers.js';

/** How long a repeated request waits for the first one to be answered before it gets a 409. */
const WAIT_MAX_MS = 100;
/** How often a process polls for the end of an answer that runs in another process. */
const POLL_EVERY_MS = 10;

/**
 * Handles requests with one idempotency key that come at the same time. One of them runs. The others wait a
 * short time for it, without a database connection, so that clients need not retry at once.
 */
@Injectable()
export class DuplicateRequests {
  /**
   * The requests of this process that are about to take a key, by key. Between processes, the unique key of the hold
   * decides which request runs.
   */
  private readonly starting = new Map<string, Promise<unknown>>();
  /** The polls for holds of other processes, by hold. */
  private readonly polls = new Map<string, Promise<void>>();

  constructor(
    private readonly holds: HoldsService,
    private readonly running: RunningAnswers,
  ) {}

  /**
   * Returns the result of `find` for the captured hold of the key. If there is none, returns the result of `run`,
   * which takes the key. Throws the errors of both, `IdempotencyKeyReused`, and `IdempotencyKeyInUse` while the first
   * request runs.
   */
  async once<Result>(
    ownerId: string,
    record: IdempotencyRecord,
    find: (holdId: string) => Promise<Result>,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const until = performance.now() + WAIT_MAX_MS;
    const name = [ownerId, record.route, record.key].join(' ');
    for (;;) {
      const holdId = await this.capturedHoldOf(ownerId, record, until);
      if (holdId !== undefined) return find(holdId);
      const first = this.starting.get(name);
      if (!first)
        return this.start(name, run, () => this.capturedHoldOf(ownerId, record, until), find);
      await waitFor(() => first.catch(() => undefined), until);
      if (this.starting.get(name) === first) throw new IdempotencyKeyInUse();
    }
  }

  private async start<Result>(
    name: string,
    run: () => Promise<Result>,
    findHold: () => Promise<string | undefined>,
    find: (holdId: string) => Promise<Result>,
  ): Promise<Result> {
    const started = run();
    this.starting.set(name, started);
    try {
      return await started.finally(() => this.starting.delete(name));
    } catch (error) {
      return find(await resultOfFasterRequest(error, findHold));
    }
  }

  /** Returns the captured hold of the key; undefined if there is none. Waits until `until` while the hold is open. */
  private async capturedHoldOf(
    ownerId: string,
    record: IdempotencyRecord,
    until: number,
  ): Promise<string | undefined> {
    for (;;) {
      try {
        return await this.holds.findByKey(ownerId, record);
      } catch (error) {
        if (!(error instanceof IdempotencyKeyInUse) || performance.now() >= until) throw error;
        const { turnId } = error;
        await waitFor((signal) => this.whenEnded(turnId, signal), until);
      }
    }
  }

  /** Resolves at the end of an answer, here or in another process. Returns undefined if the turn is unknown. */
  private whenEnded(turnId: string | undefined, signal: AbortSignal): Promise<void> | undefined {
    if (turnId === undefined) return undefined;
    return this.running.whenSettled(turnId, signal) ?? this.sharedPoll(turnId);
  }

  /** Polls for the end of a hold. All requests that wait for the same answer share one poll. */
  private sharedPoll(holdId: string): Promise<void> {
    const known = this.polls.get(holdId);
    if (known) return known;
    const poll = this.pollUntilEnded(holdId).finally(() => this.polls.delete(holdId));
    this.polls.set(holdId, poll);
    return poll;
  }

  private async pollUntilEnded(holdId: string): Promise<void> {
    const until = performance.now() + WAIT_MAX_MS;
    do await sleep(POLL_EVERY_MS);
    while ((await this.holds.stateOf(holdId)) === 'open' && performance.now() < until);
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
