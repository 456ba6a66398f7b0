import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isUniqueViolation } from '../database/database-errors.js';
import { IdempotencyKeyInUse } from '../errors.js';
import { HoldsService } from '../wallet/holds.service.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { RunningAnswers } from './running-answers.js';

/** Who comes while the first one is being answered waits so long for it, before a 409. */
const WAIT_MAX_MS = 100;
/** How often a process looks for the end of an answer that another one gives, whoever waits for it there. */
const LOOK_EVERY_MS = 10;

/**
 * Requests with one Idempotency-Key that come at the same time. One of them is run; the others wait for it a
 * little, without a connection of the database, so that they need not ask again and again for what is about to come.
 */
@Injectable()
export class Twins {
  /** What takes a key just now in this process, by the key; another process is met at the unique key of the hold. */
  private readonly beginning = new Map<string, Promise<unknown>>();
  /** Who looks for the end of which hold of another process. */
  private readonly looking = new Map<string, Promise<void>>();

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
      await soon(
        first.catch(() => undefined),
        until,
      );
      if (this.beginning.get(name) === first) throw new IdempotencyKeyInUse();
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
    for (;;) {
      try {
        return await this.holds.findByKey(ownerId, record);
      } catch (error) {
        if (!(error instanceof IdempotencyKeyInUse) || performance.now() >= until) throw error;
        await soon(this.change(error.turnId), until);
      }
    }
  }

  /** The end of an answer, here or in another process; undefined where nobody knows which. */
  private change(turnId: string | undefined): Promise<void> | undefined {
    return turnId === undefined ? undefined : (this.running.settled(turnId) ?? this.looked(turnId));
  }

  /** One look serves all who wait for the same answer. */
  private looked(holdId: string): Promise<void> {
    const known = this.looking.get(holdId);
    if (known) return known;
    const looked = this.look(holdId).finally(() => this.looking.delete(holdId));
    this.looking.set(holdId, looked);
    return looked;
  }

  private async look(holdId: string): Promise<void> {
    const until = performance.now() + WAIT_MAX_MS;
    do await sleep(LOOK_EVERY_MS);
    while ((await this.holds.stateOf(holdId)) === 'open' && performance.now() < until);
  }
}

/** Resolves when the event has come, or at `until`, without an event as well. Rejects as the event does. */
async function soon(event: Promise<unknown> | undefined, until: number): Promise<void> {
  const timer = new AbortController();
  const leftMs = Math.max(0, until - performance.now());
  const late = sleep(leftMs, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([event ?? late, late]).finally(() => {
    timer.abort();
  });
}
