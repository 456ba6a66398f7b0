import { dayOf, nowMicros } from '../time.js';
import type { DbBoolean, Tx } from '../database/transactions/tx.js';
import { InsufficientBalance, StorageFull, type AppError } from '../errors.js';
import type { IdempotencyRecord } from './idempotency-record.js';
import { hasRoom, NOTHING_STORED, type StorageBounds, type Stored } from './stored.js';

/** The owner who pays, and the amount to pay. */
export interface Spend {
  readonly ownerId: string;
  /** In whole tokens. */
  readonly amount: number;
  /** The cap of the credential, which must cover the amount too. */
  readonly capId?: string | undefined;
  /** What the database stores for this spend, for which the owner needs room; nothing if absent. */
  readonly stored?: Stored | undefined;
  readonly idempotency?: IdempotencyRecord | undefined;
}

/**
 * The facts that the ledger keeps about a charge. They include model and credential, because sums by these
 * must outlive the turn and the key.
 */
export interface LedgerNote {
  readonly reason: string;
  /** Absent if no turn is saved. */
  readonly turnId?: string;
  readonly model: string;
  readonly credentialId: string;
  /** The owner's name for the API key; null for a session. */
  readonly keyName: string | null;
}

/** The result of a charge, a capture or a release: the amount charged, and what the owner can spend after it. */
export interface SpendReceipt {
  readonly charged: number;
  readonly available: number;
  /**
   * A number for what is saved in the same transaction. The wallet's row is locked until the commit, so
   * readers see the numbers of an owner in order.
   */
  readonly ordinal: number;
}

/** SQL: the amount that the owner can spend, without regard to the daily limit. */
export const AVAILABLE = 'balance - held';

/** Returns the amount available in a wallet that was read, without regard to the daily limit. */
export const availableOf = ({ balance, held }: { balance: number; held: number }): number =>
  balance - held;

/**
 * SQL: the amount spent on `day` or on the next day. Another process's clock may be past midnight already, or
 * another charge may have passed it while this one waited for the wallet. A counter of any other day counts as 0.
 */
export const spentOn = (day: string) =>
  `CASE WHEN spent_day - ${day} IN (0, 1) THEN spent_amount ELSE 0 END`;

/** SQL: the day of the counter after the statement. It never goes back. */
export const dayCounted = (day: string) =>
  `CASE WHEN spent_day - ${day} = 1 THEN spent_day ELSE ${day} END`;

/**
 * SQL: whether the wallet and its owner's daily limit cover the amount. Every statement that spends contains
 * this condition, so nothing is read, compared in memory and written back.
 */
export const canPay = (amount: string, day: string) => `${AVAILABLE} >= ${amount}
  AND (daily_limit IS NULL OR ${spentOn(day)} + held + ${amount} <= daily_limit)`;

/**
 * Returns the error that tells the owner why a wallet did not cover an amount: `StorageFull` if there are
 * enough tokens but no room, `InsufficientBalance` otherwise.
 */
export async function spendRefusal(
  tx: Tx,
  { ownerId, amount: required, stored = NOTHING_STORED }: Spend,
  room: StorageBounds,
): Promise<AppError> {
  const [wallet] = await tx.read<{ available: number; capped: DbBoolean; roomy: DbBoolean }>(
    `/* wallet.shortfall */ SELECT ${AVAILABLE} AS available,
       daily_limit IS NOT NULL AND ${spentOn('$3')} + held + $2 > daily_limit AS capped,
       ${hasRoom('$4', '$5', '$6', '$7')} AS roomy
     FROM wallets WHERE owner_id = $1`,
    [ownerId, required, dayOf(nowMicros()), stored.bytes, stored.conversations, ...room],
  );
  const available = wallet?.available ?? 0;
  const isCapped = Boolean(wallet?.capped);
  if (wallet && available >= required && !isCapped && !wallet.roomy) return new StorageFull();
  const limit = available >= required && isCapped ? 'daily' : undefined;
  return new InsufficientBalance(required, available, limit);
}
