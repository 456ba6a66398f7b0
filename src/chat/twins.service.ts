import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isUniqueViolation } from '../database/database-errors.js';
import { IdempotencyKeyInUse } from '../errors.js';
import { HoldsService } from '../wallet/holds.service.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { RunningAnswers } from './running-answers.js';

/** Who comes while the first one is being answered waits so long for it, before a 409. */
const WAIT_MAX_MS = 100;
const FIRST_LOOK_MS = 5;
const LOOK_MS_MAX = 40;

/**
 * Requests with one Idempotency-Key that come at the same time. One of them is run; the others wait for it a
 * little, without a connection of the database, so that they need not ask again and again for what is about to come.
 */
@Injectable()
export class Twins {
  /** What takes a key just now in this process, by the key; another process is met at the unique key of the hold. */
  private readonly beginning = new Map<string, Promise<unknown>>();

  constructor(
    private readonly holds: HoldsService,
    private readonly running: RunningAnswers,
  ) {}

  /**
   * What `find` makes of the captured hold of the key; or else what `run` makes, which takes the key. Throws as
   * both do, `IdempotencyKeyReused`, and `IdempotencyKeyInUse` while the first request runs.
   */
  async once<Made>(
    ownerId: string,
    record: IdempotencyRecord,
    find: (holdId: string) => Promise<Made>,
    run: () => Promise<Made>,
  ): Promise<Made> {
    const until = performance.now() + WAIT_MAX_MS;
    const name = [ownerId, record.route, record.key].join(' ');
    for (;;) {
      const holdId = await this.holdOf(ownerId, record, until);
      if (holdId !== undefined) return find(holdId);
      const first = this.beginning.get(name);
      if (!first) return this.begin(name, run, () => this.holdOf(ownerId, record, until), find);
      await first.catch(() => undefined);
    }
  }

  private async begin<Made>(
    name: string,
    run: () => Promise<Made>,
    twin: () => Promise<string | undefined>,
    find: (holdId: string) => Promise<Made>,
  ): Promise<Made> {
    const begun = run();
    this.beginning.set(name, begun);
    try {
      return await begun.finally(() => this.beginning.delete(name));
    } catch (error) {
      // A twin in another process may have been faster: it has the key, or spent what this run needed.
      const holdId = await twin();
      if (holdId !== undefined) return find(holdId);
      throw isUniqueViolation(error) ? new IdempotencyKeyInUse() : error;
    }
  }

  /** The captured hold of the key; undefined where there is none. */
  private async holdOf(
    ownerId: string,
    record: IdempotencyRecord,
    until: number,
  ): Promise<string | undefined> {
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LOOK_MS_MAX)) {
      try {
        return await this.holds.findByKey(ownerId, record);
      } catch (error) {
        const leftMs = until - performance.now();
        if (!(error instanceof IdempotencyKeyInUse) || leftMs <= 0) throw error;
        await this.change(error.turnId, pauseMs, leftMs);
      }
    }
  }

  /** Waits for the end of an answer that runs here, or until it is time to look for one that runs elsewhere. */
  private async change(turnId: string | undefined, pauseMs: number, leftMs: number): Promise<void> {
    const settled = turnId === undefined ? undefined : this.running.settled(turnId);
    if (!settled) {
      await sleep(Math.min(pauseMs, leftMs));
      return;
    }
    const timer = new AbortController();
    const late = sleep(leftMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([settled, late]);
    timer.abort();
  }
}
