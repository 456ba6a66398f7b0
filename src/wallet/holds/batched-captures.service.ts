import { Injectable } from '@nestjs/common';
import {
  BatchedTransaction,
  NEVER_ABORTED,
} from '../../database/transactions/batched-transaction.js';
import type { Tx } from '../../database/transactions/tx.js';
import { UnitOfWork } from '../../database/transactions/unit-of-work.js';
import { AnswerExpired } from '../../errors.js';
import { Metrics } from '../../metrics/metrics.js';
import { dayOf, nowMicros } from '../../time.js';
import { traced } from '../../tracing.js';
import { recordCapture } from './captured-hold.js';
import {
  freeWallets,
  amountsByHold,
  emptyTotals,
  jsonRows,
  ledgerEntryCount,
} from '../owner-totals.js';
import { HoldsService } from './holds.service.js';
import { WALLET_ROW, type WalletRow } from '../ledger.js';
import { dayCounted, spentOn, type SpendReceipt, type LedgerNote } from '../spending.js';

/** The capture of a hold that has no cap: the amount to charge, the note for the ledger, and the bytes to save. */
interface PlainCapture {
  readonly holdId: string;
  readonly ownerId: string;
  readonly amount: number;
  readonly note: LedgerNote;
  readonly turnBytes: number;
}

/** A row of a hold that was captured in a batch. */
interface CapturedRow {
  readonly id: string;
  readonly ownerId: string;
  readonly amount: number;
  readonly storedBytes: number;
}

/** A capture, and the hold that it ended. */
interface EndedHold {
  readonly capture: PlainCapture;
  readonly hold: CapturedRow;
}

/**
 * Captures holds in batches, as `BatchedHolds` makes them. The statement also skips holds that another transaction is
 * changing. `HoldsService` then captures alone each hold that was skipped or is no longer open, and reports the reason.
 */
@Injectable()
export class BatchedCaptures {
  private readonly batches: BatchedTransaction<PlainCapture, SpendReceipt>;

  constructor(
    unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly metrics: Metrics,
  ) {
    this.batches = new BatchedTransaction(unitOfWork, {
      lockedRow: ({ ownerId }) => ownerId,
      single: (tx, capture) => this.captureOne(tx, capture),
      batch: (tx, captures) => this.captureMany(tx, captures),
    });
  }

  /**
   * Captures a hold, and runs `finish` in the same transaction to save what was paid for. Throws
   * `AnswerExpired` if the hold is no longer open.
   */
  capture<T>(capture: PlainCapture, finish: (tx: Tx, captured: SpendReceipt) => T): Promise<T> {
    return traced('transaction', { 'tallychat.batched': true }, () =>
      this.batches.add(capture, NEVER_ABORTED, finish),
    );
  }

  private async captureOne(
    tx: Tx,
    { holdId, amount, note, turnBytes }: PlainCapture,
  ): Promise<SpendReceipt> {
    const captured = await this.holds.capture(tx, holdId, amount, note, turnBytes);
    if (!captured) throw new AnswerExpired();
    return captured;
  }

  /**
   * Captures many holds. Returns undefined for each hold that is not open, or if another transaction is
   * changing the hold or its wallet. This locks the wallets first, unlike `HoldsService`. It cannot deadlock,
   * because it waits for no lock.
   */
  private async captureMany(
    tx: Tx,
    captures: readonly PlainCapture[],
  ): Promise<(SpendReceipt | undefined)[]> {
    const amounts = amountsByHold(captures);
    const rows = await tx.write<CapturedRow>(
      `/* hold.capture_many */ WITH ${freeWallets('$1')}, open AS (
         SELECT id AS open_id FROM holds WHERE id = ANY($2) AND coalesce(state, '') = 'open'
           AND owner_id IN (SELECT free.id FROM free) FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE holds SET state = 'captured', captured_amount = taken, resolved_at = $3
       FROM open, ${jsonRows('hold_id', ['taken'], '$4')}
       WHERE id = open_id AND open_id = hold_id
       RETURNING id, owner_id AS "ownerId", amount, stored_bytes AS "storedBytes"`,
      [
        [...new Set(captures.map(({ ownerId }) => ownerId))],
        Object.keys(amounts),
        nowMicros(),
        JSON.stringify(amounts),
      ],
    );
    const captured = new Map(rows.map((row) => [row.id, row]));
    const ends = captures.map((capture): EndedHold | undefined => {
      const hold = captured.get(capture.holdId);
      // A second capture of the same hold in this batch gets undefined, because the hold is no longer open.
      captured.delete(capture.holdId);
      return hold && { capture, hold };
    });
    const wallets = await this.updateWallets(
      tx,
      ends.filter((end) => end !== undefined),
    );
    return ends.map((end) => {
      const wallet = end && wallets.get(end.hold.ownerId);
      if (!wallet) return undefined;
      const after = walletAfterCapture(wallet, end);
      wallets.set(end.hold.ownerId, after);
      return recordCapture(tx, this.metrics, after, { ...end.capture, held: end.hold.amount });
    });
  }

  /** Takes from each wallet the sum of its captures. Returns the wallets as they were before. */
  private async updateWallets(
    tx: Tx,
    ended: readonly EndedHold[],
  ): Promise<Map<string, WalletRow>> {
    if (ended.length === 0) return new Map();
    const sums = emptyTotals<[number, number, number, number, number]>();
    for (const { capture, hold } of ended) {
      const [due, freed, entries, ends, bytes] = (sums[hold.ownerId] ??= [0, 0, 0, 0, 0]);
      sums[hold.ownerId] = [
        due + capture.amount,
        freed + hold.amount,
        entries + ledgerEntryCount(capture.amount),
        ends + 1,
        bytes + capture.turnBytes - hold.storedBytes,
      ];
    }
    const rows = await tx.write<WalletRow & { ownerId: string }>(
      `/* wallet.capture_many */ UPDATE wallets SET balance = balance - due, held = held - freed,
         entry_count = entry_count + entries, last_ordinal = last_ordinal + ends,
         spent_amount = ${spentOn('$2')} + due, spent_day = ${dayCounted('$2')}, stored_bytes = stored_bytes + bytes
       FROM ${jsonRows('payer', ['due', 'freed', 'entries', 'ends', 'bytes'], '$3')}
       WHERE owner_id = ANY($1) AND owner_id = payer RETURNING owner_id AS "ownerId", ${WALLET_ROW}`,
      [Object.keys(sums), dayOf(nowMicros()), JSON.stringify(sums)],
    );
    if (rows.length !== Object.keys(sums).length) throw new Error('holds without their wallets');
    return new Map(
      rows.map(({ ownerId, balance, held, entryCount, lastOrdinal }) => {
        const [due, freed, entries, ends] = sums[ownerId] ?? [0, 0, 0, 0];
        const before = { balance: balance + due, held: held + freed };
        return [
          ownerId,
          { ...before, entryCount: entryCount - entries, lastOrdinal: lastOrdinal - ends },
        ];
      }),
    );
  }
}

const walletAfterCapture = (
  wallet: WalletRow,
  { capture: { amount }, hold }: EndedHold,
): WalletRow => ({
  balance: wallet.balance - amount,
  held: wallet.held - hold.amount,
  entryCount: wallet.entryCount + ledgerEntryCount(amount),
  lastOrdinal: wallet.lastOrdinal + 1,
});
