import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type Config } from '../config.js';
import { SECOND_MICROS, nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { Reader } from '../database/reader.js';
import { InsufficientBalance } from '../errors.js';
import { assertAmount } from './amount.js';
import type { LedgerKind } from './ledger-entry.entity.js';
import { Wallet } from './wallet.entity.js';

/** What a hold became: the amount taken, and what the owner may spend after it. */
export interface Settlement {
  readonly charged: number;
  readonly available: number;
}

interface WalletRow {
  readonly balance: number;
  readonly held: number;
  readonly entryCount: number;
}

const WALLET_ROW = 'balance, held, entry_count AS "entryCount"';

/**
 * Every change of a balance. Each is one guarded statement: nothing is read, compared in memory and
 * written back, so there is no gap for a second request to enter. Lock order: hold, then wallet.
 */
@Injectable()
export class WalletService {
  constructor(
    private readonly reader: Reader,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Opens the owner's wallet with `amount` tokens; the ledger's first entry says so. */
  async open(tx: Tx, ownerId: string, amount: number): Promise<void> {
    const createdAt = nowMicros();
    await tx.manager.insert(Wallet, { ownerId, balance: 0, held: 0, entryCount: 0, createdAt });
    if (amount > 0)
      await this.credit(tx, { ownerId, amount, kind: 'grant', reason: 'opening grant' });
  }

  /** Adds to the balance. `amount` is in whole tokens, above zero. */
  async credit(
    tx: Tx,
    entry: { ownerId: string; amount: number; kind: 'grant' | 'top_up'; reason: string },
  ): Promise<void> {
    assertAmount(entry.amount);
    const [wallet] = await tx.rows<WalletRow>(
      `/* wallet.credit */ UPDATE wallets SET balance = balance + $2, entry_count = entry_count + 1
       WHERE owner_id = $1 RETURNING ${WALLET_ROW}`,
      [entry.ownerId, entry.amount],
    );
    if (!wallet) throw new Error(`no wallet for owner ${entry.ownerId}`);
    await this.record(tx, wallet, { ...entry, holdId: null, turnId: null });
  }

  /** Sets `amount` aside and returns the hold's id. Throws `InsufficientBalance`, with nothing changed. */
  async hold(tx: Tx, ownerId: string, amount: number): Promise<string> {
    assertAmount(amount);
    const held = await tx.rows(
      `/* wallet.hold */ UPDATE wallets SET held = held + $2
       WHERE owner_id = $1 AND balance - held >= $2 RETURNING held`,
      [ownerId, amount],
    );
    if (held.length === 0) throw await this.insufficient(tx, ownerId, amount);
    const id = uuidv7();
    const createdAt = nowMicros();
    const expiresAt = createdAt + this.config.holdLifetimeSeconds * SECOND_MICROS;
    await tx.rows(
      `/* hold.open */ INSERT INTO holds (id, owner_id, amount, captured_amount, state, expires_at, created_at)
       VALUES ($1, $2, $3, 0, 'open', $4, $5)`,
      [id, ownerId, amount, expiresAt, createdAt],
    );
    return id;
  }

  /**
   * Takes `amount`, at most the hold, and gives the rest back. Returns undefined when the hold is no
   * longer open: it expired meanwhile, and the caller must not deliver as paid what was not.
   */
  async capture(
    tx: Tx,
    holdId: string,
    amount: number,
    why: { reason: string; turnId: string },
  ): Promise<Settlement | undefined> {
    assertAmount(amount);
    const hold = await this.resolve(tx, holdId, 'captured', amount);
    if (!hold) return undefined;
    const [wallet] = await tx.rows<WalletRow>(
      `/* wallet.capture */ UPDATE wallets SET balance = balance - $2, held = held - $3, entry_count = entry_count + $4
       WHERE owner_id = $1 RETURNING ${WALLET_ROW}`,
      [hold.ownerId, amount, hold.amount, amount > 0 ? 1 : 0],
    );
    if (!wallet) throw new Error(`no wallet for hold ${holdId}`);
    if (amount > 0) {
      const { ownerId } = hold;
      await this.record(tx, wallet, { ownerId, amount: -amount, kind: 'charge', holdId, ...why });
    }
    return { charged: amount, available: wallet.balance - wallet.held };
  }

  /** Gives a hold back whole. False when it was resolved before: then nothing changes. */
  async release(
    tx: Tx,
    holdId: string,
    state: 'released' | 'expired' = 'released',
  ): Promise<boolean> {
    const hold = await this.resolve(tx, holdId, state, 0);
    if (!hold) return false;
    await tx.rows(`/* wallet.release */ UPDATE wallets SET held = held - $2 WHERE owner_id = $1`, [
      hold.ownerId,
      hold.amount,
    ]);
    return true;
  }

  /** What the owner may spend now: the balance less the open holds. */
  async available(ownerId: string): Promise<number> {
    const [wallet] = await this.reader.rows<{ available: number }>(
      `/* wallet.available */ SELECT balance - held AS available FROM wallets WHERE owner_id = $1`,
      [ownerId],
    );
    return wallet?.available ?? 0;
  }

  /** The one way out of `open`. The schema's CHECK refuses more than the hold: that is a caller's bug. */
  private async resolve(
    tx: Tx,
    holdId: string,
    state: 'captured' | 'released' | 'expired',
    amount: number,
  ): Promise<{ ownerId: string; amount: number } | undefined> {
    const [hold] = await tx.rows<{ ownerId: string; amount: number }>(
      `/* hold.resolve */ UPDATE holds SET state = $2, captured_amount = $3, resolved_at = $4
       WHERE id = $1 AND state = 'open' RETURNING owner_id AS "ownerId", amount`,
      [holdId, state, amount, nowMicros()],
    );
    return hold;
  }

  private async record(
    tx: Tx,
    wallet: WalletRow,
    entry: {
      ownerId: string;
      amount: number;
      kind: LedgerKind;
      reason: string;
      holdId: string | null;
      turnId: string | null;
    },
  ): Promise<void> {
    await tx.rows(
      `/* ledger.append */ INSERT INTO ledger_entries
       (id, owner_id, seq, kind, amount, balance_after, reason, hold_id, turn_id, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        uuidv7(),
        entry.ownerId,
        wallet.entryCount,
        entry.kind,
        entry.amount,
        wallet.balance,
        entry.reason,
        entry.holdId,
        entry.turnId,
        nowMicros(),
      ],
    );
  }

  private async insufficient(
    tx: Tx,
    ownerId: string,
    required: number,
  ): Promise<InsufficientBalance> {
    const [wallet] = await tx.rows<{ available: number }>(
      `/* wallet.shortfall */ SELECT balance - held AS available FROM wallets WHERE owner_id = $1`,
      [ownerId],
    );
    return new InsufficientBalance(required, wallet?.available ?? 0);
  }
}
