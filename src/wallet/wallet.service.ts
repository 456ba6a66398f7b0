import { Injectable } from '@nestjs/common';
import { dayOf, nowMicros } from '../time.js';
import { BatchLoader } from '../database/transactions/batch-loader.js';
import type { Tx } from '../database/transactions/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { Metrics } from '../metrics/metrics.js';
import { ValidationFailed } from '../errors.js';
import { assertAmount } from './amount.js';
import { assertSameInput, type IdempotencyRecord } from './idempotency-record.js';
import { CapsService } from './caps.service.js';
import { appendEntry, WALLET_ROW, type WalletRow } from './ledger.js';
import { AVAILABLE, availableOf } from './spending.js';
import { NOTHING_STORED, type Stored } from './stored.js';
import { Wallet } from './wallet.entity.js';
import { assertWalletExists } from './wallet-exists.js';

/** The error for a credit after which the balance would no longer be an exact JavaScript number. */
const BALANCE_FULL = `The wallet holds at most ${String(Number.MAX_SAFE_INTEGER)} tokens.`;

/**
 * The amount added to a wallet and the new balance, in whole tokens, and whether an earlier request with the
 * same key added it.
 */
export interface Credit {
  readonly amount: number;
  readonly balance: number;
  readonly isReplay: boolean;
}

/** A wallet as its owner sees it, in whole tokens. */
export interface WalletSummary {
  readonly balance: number;
  readonly held: number;
  readonly available: number;
  readonly limits: { readonly daily: number | null; readonly spentToday: number };
}

/** Opens wallets, adds to them, and reads them. `HoldsService` and `ChargesService` spend from them. */
@Injectable()
export class WalletService {
  private readonly availables: BatchLoader<{ ownerId: string; available: number }>;

  constructor(
    private readonly reader: ReadConnection,
    private readonly metrics: Metrics,
    private readonly caps: CapsService,
  ) {
    this.availables = new BatchLoader(
      (owners) =>
        reader.read(
          `/* wallet.available */ SELECT owner_id AS "ownerId", ${AVAILABLE} AS available
           FROM wallets WHERE owner_id = ANY($1)`,
          [owners],
        ),
      ({ ownerId }) => ownerId,
    );
  }

  /**
   * Opens the owner's wallet with `amount` whole tokens. The first ledger entry records the amount and the
   * reason. `saved` is what the database already stores for the owner.
   */
  open(
    tx: Tx,
    ownerId: string,
    amount: number,
    reason = 'opening grant',
    saved: Stored & { readonly lastOrdinal: number } = { ...NOTHING_STORED, lastOrdinal: 0 },
  ): void {
    assertAmount(amount);
    const { lastOrdinal, bytes, conversations } = saved;
    const wallet = { balance: amount, held: 0, entryCount: amount > 0 ? 1 : 0, lastOrdinal };
    tx.insertLater(Wallet, {
      ...wallet,
      ownerId,
      storedBytes: bytes,
      conversationCount: conversations,
      dailyLimit: null,
      spentAmount: 0,
      spentDay: 0,
      createdAt: nowMicros(),
    });
    if (amount > 0) appendEntry(tx, wallet, { ownerId, kind: 'grant', amount, reason });
    this.countGranted(tx, amount);
  }

  /**
   * Adds `amount` whole tokens, above zero, in one statement. An idempotency record that exists already
   * violates its unique key: read it with `findCredit`. Throws `ValidationFailed` for the field that brought
   * the amount, and changes nothing, if the balance would no longer be exact, and also if the owner has no wallet.
   */
  async credit(
    tx: Tx,
    entry: {
      ownerId: string;
      amount: number;
      kind: 'grant' | 'top_up';
      reason: string;
      idempotency?: IdempotencyRecord | undefined;
    },
  ): Promise<WalletRow> {
    assertAmount(entry.amount);
    const [wallet] = await tx.write<WalletRow>(
      `/* wallet.credit */ UPDATE wallets SET balance = balance + $2, entry_count = entry_count + 1
       WHERE owner_id = $1 AND balance <= $3 RETURNING ${WALLET_ROW}`,
      [entry.ownerId, entry.amount, Number.MAX_SAFE_INTEGER - entry.amount],
    );
    if (!wallet) {
      await assertWalletExists(tx, entry.ownerId);
      const field = entry.kind === 'grant' ? 'amount' : 'code';
      throw new ValidationFailed({ [field]: [BALANCE_FULL] });
    }
    appendEntry(tx, wallet, entry);
    this.countGranted(tx, entry.amount);
    return wallet;
  }

  private countGranted(tx: Tx, amount: number): void {
    tx.whenCommitted(() => {
      this.metrics.countGranted(amount);
    });
  }

  /**
   * Returns the credit that the key made; undefined if there is none. Throws `IdempotencyKeyReused` for other
   * input.
   */
  async findCredit(ownerId: string, record: IdempotencyRecord): Promise<Credit | undefined> {
    const [entry] = await this.reader.read<{ amount: number; balance: number; hash: string }>(
      `/* ledger.find_by_key */ SELECT amount, balance_after AS balance, claim_hash AS hash
       FROM ledger_entries WHERE owner_id = $1 AND claim_route = $2 AND claim_key = $3`,
      [ownerId, record.route, record.key],
    );
    if (!entry) return undefined;
    assertSameInput(record, entry.hash);
    return { amount: entry.amount, balance: entry.balance, isReplay: true };
  }

  /** Returns the amount that the owner can spend now: the balance minus the open holds; 0 without a wallet. */
  async available(ownerId: string): Promise<number> {
    const wallet = await this.availables.load(ownerId);
    return wallet?.available ?? 0;
  }

  /**
   * Returns the largest amount that a new hold can take: what is available, but no more than the daily limit
   * and the cap leave.
   */
  async spendable(ownerId: string, capId: string | undefined): Promise<number> {
    const underCap = capId === undefined ? Infinity : await this.caps.remaining(capId);
    const { available, held, limits } = await this.summary(ownerId);
    const dailyRemaining =
      limits.daily === null ? Infinity : limits.daily - limits.spentToday - held;
    return Math.max(0, Math.min(available, dailyRemaining, underCap));
  }

  /** Returns the whole wallet. Throws if the owner has none, which cannot happen to a user who is logged in. */
  async summary(ownerId: string): Promise<WalletSummary> {
    const summary = await this.findSummary(ownerId);
    if (!summary) throw new Error(`no wallet for owner ${ownerId}`);
    return summary;
  }

  /** Returns the whole wallet; undefined for a user whose import has not ended. */
  async findSummary(ownerId: string): Promise<WalletSummary | undefined> {
    const wallet = await this.reader.repository(Wallet).findOneBy({ ownerId });
    if (!wallet) return undefined;
    const { balance, held, dailyLimit } = wallet;
    // Uses the same rule as `spentOn`.
    const isToday = [0, 1].includes(wallet.spentDay - dayOf(nowMicros()));
    const spentToday = isToday ? wallet.spentAmount : 0;
    return {
      balance,
      held,
      available: availableOf(wallet),
      limits: { daily: dailyLimit, spentToday },
    };
  }

  /** Limits what the owner can spend in a day (UTC); null removes the limit. Open holds stay. */
  async setDailyLimit(tx: Tx, ownerId: string, dailyLimit: number | null): Promise<void> {
    if (dailyLimit !== null) assertAmount(dailyLimit);
    await tx.write(
      '/* wallet.limit */ UPDATE wallets SET daily_limit = $2 WHERE owner_id = $1 RETURNING owner_id',
      [ownerId, dailyLimit],
    );
  }
}
