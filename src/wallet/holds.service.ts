import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import { dayOf, nowMicros, type Micros } from '../time.js';
import { DatabaseClock } from '../database/database-clock.js';
import { ProcessLease } from '../database/process-lease.js';
import type { Tx } from '../database/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { Metrics } from '../metrics/metrics.js';
import { IdempotencyKeyInUse } from '../errors.js';
import { assertAmount } from './amount.js';
import { CapsService } from './caps.service.js';
import { recordCapture } from './captured-hold.js';
import { entriesOf } from './dues.js';
import {
  assertSameInput,
  idempotencyColumns,
  type IdempotencyRecord,
} from './idempotency-record.js';
import { holdLifetime } from './hold-lifetime.js';
import { Hold, type HoldState } from './hold.entity.js';
import { WALLET_ROW, type WalletRow } from './ledger.js';
import {
  availableOf,
  covers,
  dayCounted,
  refusalOf,
  spentOn,
  type LedgerNote,
  type CaptureResult,
  type Spend,
} from './spending.js';
import { fits, NOTHING_STORED, roomFor, stores } from './stored.js';

/** What a hold was, for those who have just ended it. */
type ResolvedHold = Pick<Hold, 'ownerId' | 'amount' | 'capId' | 'storedBytes'>;

/** A hold for an answer that is to be saved. */
export interface AnswerSpend extends Spend {
  /** Of the bytes that it stores, those that are counted anew when the hold ends. */
  readonly turnBytes?: number;
}

/**
 * A hold sets an amount aside, and is then captured, released or expired, once.
 * Each step is one guarded statement: nothing is read, compared in memory and written back, so there is
 * no gap for a second request to enter. Lock order, against deadlocks: the hold, the cap, the wallet.
 */
@Injectable()
export class HoldsService {
  /** Of this process alone: when it ends, its open holds are expired by another. */
  private readonly unreleased = new Set<string>();

  constructor(
    private readonly reader: ReadConnection,
    private readonly lease: ProcessLease,
    private readonly clock: DatabaseClock,
    private readonly metrics: Metrics,
    private readonly caps: CapsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Sets `amount` whole tokens aside and returns the hold's id. Throws `InsufficientBalance`, with nothing
   * changed, when the wallet, its owner's daily limit or the cap does not cover it, and `StorageFull`. An idempotency record that is
   * already there violates its unique key: read it with `findByKey`.
   */
  async hold(tx: Tx, spend: AnswerSpend): Promise<string> {
    return (await this.holdNumbered(tx, spend)).id;
  }

  /** The same, with a number for what is saved along with it. */
  async holdNumbered(tx: Tx, spend: AnswerSpend): Promise<{ id: string; ordinal: number }> {
    const { ownerId, amount, idempotency, stored = NOTHING_STORED } = spend;
    assertAmount(amount);
    const createdAt = nowMicros();
    // With a key the hold's row comes first. A twin then waits for that row without having the wallet: it
    // cannot deadlock with the settlement of the first, which locks the hold and then the wallet.
    const keyed = idempotency && this.record(tx, spend, createdAt);
    if (keyed !== undefined) await tx.flush();
    await this.caps.hold(tx, spend);
    const room = roomFor(this.config, stored);
    const [wallet] = await tx.write<{ ordinal: number }>(
      `/* wallet.hold */ UPDATE wallets SET held = held + $2, last_ordinal = last_ordinal + 1, ${stores('$4', '$5')}
       WHERE owner_id = $1 AND ${covers('$2', '$3')} AND ${fits('$4', '$5', '$6', '$7')}
       RETURNING last_ordinal AS ordinal`,
      [ownerId, amount, dayOf(createdAt), stored.bytes, stored.conversations, ...room],
    );
    if (!wallet) throw await refusalOf(tx, spend, room);
    tx.whenCommitted(() => {
      this.metrics.tokensHeld(amount);
    });
    return { id: keyed ?? this.record(tx, spend, createdAt), ordinal: wallet.ordinal };
  }

  /**
   * Takes `amount`, at most the hold, and gives the rest back; `turnBytes` is what is saved. Returns undefined when the hold is no
   * longer open: it expired meanwhile, and the caller must not deliver as paid what was not.
   */
  async capture(
    tx: Tx,
    holdId: string,
    amount: number,
    why: LedgerNote,
    turnBytes = 0,
  ): Promise<CaptureResult | undefined> {
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
        entriesOf(amount),
        dayOf(nowMicros()),
        turnBytes - hold.storedBytes,
      ],
    );
    if (!wallet) throw new Error(`no wallet for hold ${holdId}`);
    const captured = { holdId, ownerId, amount, held: hold.amount, why };
    return recordCapture(tx, this.metrics, wallet, captured);
  }

  /**
   * Gives a hold back whole, and frees its key, so that a retry runs anew. Undefined when it was resolved
   * before: then nothing changes.
   */
  async release(
    tx: Tx,
    holdId: string,
    state: 'released' | 'expired',
    turnBytes = 0,
  ): Promise<CaptureResult | undefined> {
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
      if (state === 'released') this.metrics.tokensReleased(hold.amount);
      else this.metrics.tokensExpired(hold.amount);
    });
    return { charged: 0, available: availableOf(wallet), ordinal: wallet.lastOrdinal };
  }

  /** How far the hold is; undefined where there is none. */
  async stateOf(holdId: string): Promise<HoldState | undefined> {
    const [hold] = await this.reader.read<{ state: HoldState }>(
      '/* hold.state */ SELECT state FROM holds WHERE id = $1',
      [holdId],
    );
    return hold?.state;
  }

  /** Notes a hold that could not be given back, for the database was away: the next sweep tries again. */
  releaseLater(holdId: string): void {
    this.unreleased.add(holdId);
  }

  /** The holds noted so far, which are then the caller's to release. */
  takeUnreleased(): string[] {
    const ids = [...this.unreleased];
    this.unreleased.clear();
    return ids;
  }

  /**
   * Whether the hold is still open. `coalesce` keeps PostgreSQL from the index of open holds, which it takes
   * for empty and would read whole.
   */
  async isOpen(tx: Tx, holdId: string): Promise<boolean> {
    const open = await tx.read(
      `/* hold.is_open */ SELECT id FROM holds WHERE id = $1 AND coalesce(state, '') = 'open'`,
      [holdId],
    );
    return open.length > 0;
  }

  /**
   * The captured hold that the key protects; undefined while there is none. Throws `IdempotencyKeyReused`
   * for other input and `IdempotencyKeyInUse` while the first request runs.
   */
  async findByKey(ownerId: string, idempotency: IdempotencyRecord): Promise<string | undefined> {
    const [hold] = await this.reader.read<{ id: string; state: HoldState; hash: string }>(
      `/* hold.find_claim */ SELECT id, state, claim_hash AS hash FROM holds
       WHERE owner_id = $1 AND claim_route = $2 AND claim_key = $3`,
      [ownerId, idempotency.route, idempotency.key],
    );
    if (!hold) return undefined;
    assertSameInput(idempotency, hold.hash);
    if (hold.state === 'open') throw new IdempotencyKeyInUse(hold.id);
    return hold.id;
  }

  /**
   * The one way out of `open`. The schema's CHECK refuses more than the hold: that is a caller's bug.
   * `coalesce` keeps PostgreSQL from the index of open holds, which it takes for empty and would read whole.
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

  /** Writes down what a wallet has just set aside. Returns the hold's id. */
  record(tx: Tx, spend: AnswerSpend, createdAt: Micros): string {
    const { ownerId, amount, holdId: id = newId(), capId, turnBytes = 0, idempotency } = spend;
    tx.insertLater(Hold, {
      id,
      ownerId,
      amount,
      capturedAmount: 0,
      state: 'open',
      expiresAt: this.clock.now() + holdLifetime(this.config),
      createdAt,
      resolvedAt: null,
      processId: this.lease.id,
      stopAskedAt: null,
      capId: capId ?? null,
      storedBytes: turnBytes,
      ...idempotencyColumns(idempotency),
    });
    return id;
  }
}
