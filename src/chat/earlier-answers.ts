import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { HistoryService } from '../conversations/history.service.js';
import type { Turn } from '../conversations/turn.entity.js';
import { HoldsService } from '../wallet/holds/holds.service.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { WAIT_MAX_MS } from '../wallet/idempotency.service.js';
import { RunningAnswers } from './running-answers.js';

/** How often a process polls for the end of an answer that runs in another process. */
const POLL_EVERY_MS = 10;

/** Finds answers by their idempotency key, and waits for the end of those that still run. */
@Injectable()
export class EarlierAnswers {
  /** The polls for holds of other processes, by hold. */
  private readonly polls = new Map<string, Promise<void>>();

  constructor(
    private readonly holds: HoldsService,
    private readonly history: HistoryService,
    private readonly running: RunningAnswers,
  ) {}

  /**
   * Returns the turn that the key paid for; undefined if there is none. Throws the errors of
   * `HoldsService.findByKey` and `HistoryService.findByHold`.
   */
  async find(ownerId: string, record: IdempotencyRecord): Promise<Turn | undefined> {
    const holdId = await this.holds.findByKey(ownerId, record);
    return holdId === undefined ? undefined : this.history.findByHold(ownerId, holdId);
  }

  /** Resolves at the end of an answer, in this process or in another one. */
  whenEnded(turnId: string, signal: AbortSignal): Promise<void> {
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
    let isOpen = true;
    while (isOpen && performance.now() < until) {
      await sleep(POLL_EVERY_MS);
      isOpen = (await this.holds.stateOf(holdId)) === 'open';
    }
  }
}
