import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { BatchedTransaction } from '../database/batched-transaction.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { AnswerExpired } from '../errors.js';
import { Metrics } from '../metrics/metrics.js';
import { dayOf, nowMicros } from '../time.js';
import { traced } from '../tracing.js';
import { recordCapture } from './captured-hold.js';
import {
  TOTALS_ROWS,
  amountsByHold,
  emptyTotals,
  totalsByOwner,
  ledgerEntryCount,
  FREE_WALLETS,
  jsonRows,
  ANY_STORAGE,
} from './owner-totals.js';
import { HoldRecords, type AnswerSpend } from './hold-records.js';
import { HoldsService } from './holds.service.js';
import { WALLET_ROW, type WalletRow } from './ledger.js';
import { canPay, dayCounted, spentOn, type CaptureResult, type LedgerNote } from './spending.js';
import { hasRoom, storageBoundsFor, addStored } from './stored.js';

/**
 * A spend without a cap and without an idempotency key, so that its hold needs no check of its own before the
 * batch.
 */
type PlainSpend = Omit<AnswerSpend, 'capId' | 'idempotency'> & { readonly holdId: string };

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
 * A signal that is never aborted: a hold or a capture decides what is paid, so it is not cancelled when the
 * client leaves.
 */
const NEVER_ABORTED = new AbortController().signal;

/**
 * Makes and captures holds in batches: requests that arrive during a transaction share the next one, with one
 * statement for all. On PostgreSQL the statement skips rows that another transaction is changing, so it never
 * waits for a lock. `HoldsService` then does alone each request that was skipped, was not covered, or has a
 * hold that is no longer open, and reports the reason.
 */
@Injectable()
export class BatchedHolds {
  private readonly holdBatches: BatchedTransaction<PlainSpend, { ordinal: number }>;
  private readonly captureBatches: BatchedTransaction<PlainCapture, CaptureResult>;

  constructor(
    unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly records: HoldRecords,
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.holdBatches = new BatchedTransaction(unitOfWork, {
      lockedRow: ({ ownerId }) => ownerId,
      single: (tx, spend) => this.holds.holdWithOrdinal(tx, spend),
      batch: (tx, spends) => this.holdMany(tx, spends),
    });
    this.captureBatches = new BatchedTransaction(unitOfWork, {
      lockedRow: ({ ownerId }) => ownerId,
      single: (tx, capture) => this.captureOne(tx, capture),
      batch: (tx, captures) => this.captureMany(tx, captures),
    });
  }

  /** Makes a hold, and runs `finish` in the same transaction. Throws the same errors as `HoldsService.hold`. */
  hold<T>(spend: PlainSpend, finish: (tx: Tx, held: { ordinal: number }) => T): Promise<T> {
    return traced('transaction', { 'tallychat.batched': true }, () =>
      this.holdBatches.add(spend, NEVER_ABORTED, finish),
    );
  }

  /**
   * Captures a hold, and runs `finish` in the same transaction to save what was paid for. Throws
   * `AnswerExpired` if the hold is no longer open.
   */
  capture<T>(capture: PlainCapture, finish: (tx: Tx, captured: CaptureResult) => T): Promise<T> {
    return traced('transaction', { 'tallychat.batched': true }, () =>
      this.captureBatches.add(capture, NEVER_ABORTED, finish),
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
      `/* wallet.hold_many */ WITH ${FREE_WALLETS('$1')}
       UPDATE wallets SET held = held + due, last_ordinal = last_ordinal + spends, ${addStored('bytes', 'opened')}
       FROM free, ${TOTALS_ROWS('$3')}
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

  private async captureOne(
    tx: Tx,
    { holdId, amount, note, turnBytes }: PlainCapture,
  ): Promise<CaptureResult> {
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
  ): Promise<(CaptureResult | undefined)[]> {
    const amounts = amountsByHold(captures);
    const rows = await tx.write<CapturedRow>(
      `/* hold.capture_many */ WITH ${FREE_WALLETS('$1')}, open AS (
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
