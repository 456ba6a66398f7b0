import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { dayOf, nowMicros } from '../../time.js';
import type { Tx } from '../../database/transactions/tx.js';
import { ReadConnection } from '../../database/read-connection.js';
import { Metrics } from '../../metrics/metrics.js';
import { IdempotencyKeyInUse } from '../../errors.js';
import { assertAmount } from '../amount.js';
import { CapsService } from '../caps.service.js';
import { recordCapture } from './captured-hold.js';
import { ledgerEntryCount } from '../owner-totals.js';
import { assertSameInput, type IdempotencyRecord } from '../idempotency-record.js';
import { HoldRecords, type AnswerSpend } from './hold-records.js';
import type { Hold, HoldState } from './hold.entity.js';
import { WALLET_ROW, type WalletRow } from '../ledger.js';
import {
  availableOf,
  canPay,
  dayCounted,
  spendRefusal,
  spentOn,
  type LedgerNote,
  type SpendReceipt,
} from '../spending.js';
import { hasRoom, NOTHING_STORED, storageBoundsFor, addStored } from '../stored.js';

/** The fields of a hold that the statement which resolves it returns. */
type ResolvedHold = Pick<Hold, 'ownerId' | 'amount' | 'capId' | 'storedBytes'>;

/**
 * A hold sets an amount aside, and is then captured, released or expired, once. Each step is one guarded
 * statement. Nothing is read, compared in memory and written back, so a second request cannot come between.
 * Lock order, against deadlocks: the hold, the cap, the wallet.
 */
@Injectable()
export class HoldsService {
  /** In the memory of this process only. When the process ends, another process expires its open holds. */
  private readonly unreleased = new Set<string>();

  constructor(
    private readonly reader: ReadConnection,
    private readonly records: HoldRecords,
    private readonly metrics: Metrics,
    private readonly caps: CapsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Sets `amount` whole tokens aside. Returns the hold's id, and a number for what is saved along with it. Throws
   * `InsufficientBalance`, and changes nothing, if the wallet, the daily limit or the cap does not cover it, and
   * `StorageFull` if there is no room. A record that exists already violates its unique key: read it with `findByKey`.
   */
  async hold(tx: Tx, spend: AnswerSpend): Promise<{ id: string; ordinal: number }> {
    const { ownerId, amount, idempotency, stored = NOTHING_STORED } = spend;
    assertAmount(amount);
    const createdAt = nowMicros();
    // With a key, the hold's row comes first. A request with the same key waits for it without a lock on the
    // wallet. So it cannot deadlock with the first one's settlement, which locks the hold and then the wallet.
    const keyed = idempotency && this.records.add(tx, spend, createdAt);
    if (keyed !== undefined) await tx.flush();
    await this.caps.hold(tx, spend);
    const room = storageBoundsFor(this.config, stored);
    const [wallet] = await tx.write<{ ordinal: number }>(
      `/* wallet.hold */ UPDATE wallets SET held = held + $2, last_ordinal = last_ordinal + 1, ${addStored('$4', '$5')}
       WHERE owner_id = $1 AND ${canPay('$2', '$3')} AND ${hasRoom('$4', '$5', '$6', '$7')}
       RETURNING last_ordinal AS ordinal`,
      [ownerId, amount, dayOf(createdAt), stored.bytes, stored.conversations, ...room],
    );
    if (!wallet) throw await spendRefusal(tx, spend, room);
    tx.whenCommitted(() => {
      this.metrics.countHeld(amount);
    });
    return { id: keyed ?? this.records.add(tx, spend, createdAt), ordinal: wallet.ordinal };
  }

  /**
   * Charges `amount`, at most the hold, and returns the rest to the wallet. `turnBytes` is the size of what is
   * saved. Returns undefined if the hold is no longer open: the caller must then not deliver the answer as paid.
   */
  async capture(
    tx: Tx,
    holdId: string,
    amount: number,
    note: LedgerNote,
    turnBytes = 0,
  ): Promise<SpendReceipt | undefined> {
    assertAmount(amount);
    const hold = await this.resolve(tx, holdId, 'captured', amount);
    if (!hold) return undefined;
    const { ownerId } = hold;
    await this.caps.settle(tx, hold.capId, hold.amount, amount);
    const [wallet] = await tx.write<WalletRow>(
      `/* wallet.capture */ UPDATE wallets SET balance = balance - $2, held = held - $3,
         entry_count = entry_count + $4, last_ordinal = last_ordinal + 1, spent_amount = ${spentOn('$5')} + $2,
         spent_day = ${dayCounted('$5')}, stored_bytes = stored_bytes + $6
       WHERE owner_id = $1 RETURNING ${WALLET_ROW}`,
      [
        ownerId,
        amount,
        hold.amount,
        ledgerEntryCount(amount),
        dayOf(nowMicros()),
        turnBytes - hold.storedBytes,
      ],
    );
    if (!wallet) throw new Error(`no wallet for hold ${holdId}`);
    const captured = { holdId, ownerId, amount, held: hold.amount, note };
    return recordCapture(tx, this.metrics, wallet, captured);
  }

  /**
   * Returns the whole hold to the wallet, and frees its idempotency key, so that a retry runs again. Returns
   * undefined, and changes nothing, if the hold was resolved before.
   */
  async release(
    tx: Tx,
    holdId: string,
    state: 'released' | 'expired',
    turnBytes = 0,
  ): Promise<SpendReceipt | undefined> {
    const hold = await this.resolve(tx, holdId, state, 0);
    if (!hold) return undefined;
    await this.caps.settle(tx, hold.capId, hold.amount, 0);
    const [wallet] = await tx.write<WalletRow>(
      `/* wallet.release */ UPDATE wallets SET held = held - $2, last_ordinal = last_ordinal + 1,
         stored_bytes = stored_bytes + $3
       WHERE owner_id = $1 RETURNING ${WALLET_ROW}`,
      [hold.ownerId, hold.amount, turnBytes - hold.storedBytes],
    );
    if (!wallet) throw new Error(`no wallet for hold ${holdId}`);
    tx.whenCommitted(() => {
      if (state === 'released') this.metrics.countReleased(hold.amount);
      else this.metrics.countExpired(hold.amount);
    });
    return { charged: 0, available: availableOf(wallet), ordinal: wallet.lastOrdinal };
  }

  /** Returns the state of the hold; undefined if there is no such hold. */
  async stateOf(holdId: string): Promise<HoldState | undefined> {
    const [hold] = await this.reader.read<{ state: HoldState }>(
      '/* hold.state */ SELECT state FROM holds WHERE id = $1',
      [holdId],
    );
    return hold?.state;
  }

  /** Remembers a hold whose release failed, or whose commit may have succeeded unseen. The next sweep releases it. */
  releaseLater(holdId: string): void {
    this.unreleased.add(holdId);
  }

  /** Returns the remembered holds and forgets them: the caller must release them. */
  takeUnreleased(): string[] {
    const ids = [...this.unreleased];
    this.unreleased.clear();
    return ids;
  }

  /**
   * Returns whether the hold is open. Without `coalesce`, PostgreSQL would use the index of open holds, which
   * it estimates as empty, and would read all of it.
   */
  async isOpen(tx: Tx, holdId: string): Promise<boolean> {
    const open = await tx.read(
      `/* hold.is_open */ SELECT id FROM holds WHERE id = $1 AND coalesce(state, '') = 'open'`,
      [holdId],
    );
    return open.length > 0;
  }

  /**
   * Returns the id of the captured hold that the key protects; undefined if there is none. Throws
   * `IdempotencyKeyReused` for other input and `IdempotencyKeyInUse` while the first request runs.
   */
  async findByKey(ownerId: string, idempotency: IdempotencyRecord): Promise<string | undefined> {
    const [hold] = await this.reader.read<{ id: string; state: HoldState; hash: string }>(
      `/* hold.find_by_key */ SELECT id, state, claim_hash AS hash FROM holds
       WHERE owner_id = $1 AND claim_route = $2 AND claim_key = $3`,
      [ownerId, idempotency.route, idempotency.key],
    );
    if (!hold) return undefined;
    assertSameInput(idempotency, hold.hash);
    if (hold.state === 'open') throw new IdempotencyKeyInUse(hold.id);
    return hold.id;
  }

  /**
   * Ends a hold. An `amount` above the hold is a caller's bug, and violates the schema's CHECK. Without `coalesce`,
   * PostgreSQL would use the index of open holds, which it estimates as empty, and would read all of it.
   */
  private async resolve(
    tx: Tx,
    holdId: string,
    state: 'captured' | 'released' | 'expired',
    amount: number,
  ): Promise<ResolvedHold | undefined> {
    const freed =
      state === 'captured' ? '' : ', claim_route = NULL, claim_key = NULL, claim_hash = NULL';
    const [hold] = await tx.write<ResolvedHold>(
      `/* hold.resolve */ UPDATE holds SET state = $2, captured_amount = $3, resolved_at = $4${freed}
       WHERE id = $1 AND coalesce(state, '') = 'open'
       RETURNING owner_id AS "ownerId", amount, cap_id AS "capId", stored_bytes AS "storedBytes"`,
      [holdId, state, amount, nowMicros()],
    );
    return hold;
  }
}
