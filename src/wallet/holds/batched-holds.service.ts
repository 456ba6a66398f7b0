import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import {
  BatchedTransaction,
  NEVER_ABORTED,
} from '../../database/transactions/batched-transaction.js';
import type { Tx } from '../../database/transactions/tx.js';
import { UnitOfWork } from '../../database/transactions/unit-of-work.js';
import { Metrics } from '../../metrics/metrics.js';
import { dayOf, nowMicros } from '../../time.js';
import { traced } from '../../tracing.js';
import { HoldRecords, type AnswerSpend } from './hold-records.js';
import { HoldsService } from './holds.service.js';
import { ANY_STORAGE, freeWallets, totalsRows, totalsByOwner } from '../owner-totals.js';
import { canPay } from '../spending.js';
import { addStored, hasRoom, storageBoundsFor } from '../stored.js';

/**
 * A spend without a cap and without an idempotency key, so that its hold needs no check of its own before the
 * batch.
 */
type PlainSpend = Omit<AnswerSpend, 'capId' | 'idempotency'> & { readonly holdId: string };

/**
 * Makes holds in batches: requests that arrive during a transaction share the next one, with one statement for all.
 * On PostgreSQL the statement skips wallets that another transaction is changing, so it never waits for a lock.
 * `HoldsService` then makes alone each hold that was skipped or not covered, and reports the reason.
 */
@Injectable()
export class BatchedHolds {
  private readonly batches: BatchedTransaction<PlainSpend, { ordinal: number }>;

  constructor(
    unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly records: HoldRecords,
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.batches = new BatchedTransaction(unitOfWork, {
      lockedRow: ({ ownerId }) => ownerId,
      single: (tx, spend) => this.holds.hold(tx, spend),
      batch: (tx, spends) => this.holdMany(tx, spends),
    });
  }

  /** Makes a hold, and runs `finish` in the same transaction. Throws the same errors as `HoldsService.hold`. */
  hold<T>(spend: PlainSpend, finish: (tx: Tx, held: { ordinal: number }) => T): Promise<T> {
    return traced('transaction', { 'tallychat.batched': true }, () =>
      this.batches.add(spend, NEVER_ABORTED, finish),
    );
  }

  /**
   * Makes many holds. Returns undefined for each one whose wallet does not cover the sum of its holds here,
   * has no room for all, or is being changed by another transaction.
   */
  private async holdMany(
    tx: Tx,
    spends: readonly PlainSpend[],
  ): Promise<({ ordinal: number } | undefined)[]> {
    const createdAt = nowMicros();
    const totals = totalsByOwner(spends);
    const rows = await tx.write<{ ownerId: string; ordinal: number }>(
      `/* wallet.hold_many */ WITH ${freeWallets('$1')}
       UPDATE wallets SET held = held + due, last_ordinal = last_ordinal + spends, ${addStored('bytes', 'opened')}
       FROM free, ${totalsRows('$3')}
       WHERE owner_id = free.id AND free.id = payer AND ${canPay('due', '$2')} AND ${hasRoom('bytes', 'opened', '$4', '$5')}
       RETURNING owner_id AS "ownerId", last_ordinal AS ordinal`,
      [
        Object.keys(totals),
        dayOf(createdAt),
        JSON.stringify(totals),
        ...storageBoundsFor(this.config, ANY_STORAGE),
      ],
    );
    // Each wallet's number as it was before its first hold here, because the holds are recorded one after the
    // other.
    const ordinals = new Map(
      rows.map(({ ownerId, ordinal }) => [ownerId, ordinal - (totals[ownerId]?.[2] ?? 0)]),
    );
    return spends.map((spend) => {
      const before = ordinals.get(spend.ownerId);
      if (before === undefined) return undefined;
      ordinals.set(spend.ownerId, before + 1);
      this.records.add(tx, spend, createdAt);
      tx.whenCommitted(() => {
        this.metrics.countHeld(spend.amount);
      });
      return { ordinal: before + 1 };
    });
  }
}
