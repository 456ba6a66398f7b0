import { dayOf, nowMicros } from '../time.js';
import type { DbBoolean, Tx } from '../database/tx.js';
import { InsufficientBalance, StorageFull, type AppError } from '../errors.js';
import type { IdempotencyRecord } from './idempotency-record.js';
import { fits, NOTHING_STORED, type Room, type Stored } from './stored.js';

/** Who pays how much. */
export interface Spend {
  readonly ownerId: string;
  /** In whole tokens. */
  readonly amount: number;
  /** The id of the hold; without one it is given one. */
  readonly holdId?: string;
  /** The cap of the credential, which has to cover it too. */
  readonly capId?: string | undefined;
  /** What is kept for it, for which there has to be room; without it nothing is. */
  readonly stored?: Stored | undefined;
  readonly idempotency?: IdempotencyRecord | undefined;
}

/**
 * What a charge says in the ledger. Model and credential stand there too, for sums by them outlive the turn and
 * the key.
 */
export interface LedgerNote {
  readonly reason: string;
  /** Absent where no turn is kept. */
  readonly turnId?: string;
  readonly model: string;
  readonly credentialId: string;
  /** As the owner calls the API key; null for a session. */
  readonly keyName: string | null;
}

/** What a hold became: the amount taken, and what the owner may spend after it. */
export interface CaptureResult {
  readonly charged: number;
  readonly available: number;
  /**
   * A number for what is saved in the same transaction: the wallet's row is locked until that is committed, so
   * readers see the numbers of an owner in their order.
   */
  readonly ordinal: number;
}

/** SQL: what the owner may spend, the daily limit apart. */
export const AVAILABLE = 'balance - held';

/** The same of a wallet that was read. */
export const availableOf = ({ balance, held }: { balance: number; held: number }): number =>
  balance - held;

/**
 * SQL: what was spent in the day `day`, or in the next: another process's clock may be past midnight
 * already, or another charge, while this one waited for the wallet. The counter of any other day counts
 * as nothing.
 */
export const spentOn = (day: string) =>
  `CASE WHEN spent_day - ${day} IN (0, 1) THEN spent_amount ELSE 0 END`;

/** SQL: the day that the counter is of afterwards. It does not go back over midnight. */
export const dayCounted = (day: string) =>
  `CASE WHEN spent_day - ${day} = 1 THEN spent_day ELSE ${day} END`;

/**
 * SQL: whether the wallet and its owner's limit for the day cover the amount. Every statement that spends
 * has it, so that nothing is read, compared in memory and written back.
 */
export const covers = (amount: string, day: string) => `${AVAILABLE} >= ${amount}
  AND (daily_limit IS NULL OR ${spentOn(day)} + held + ${amount} <= daily_limit)`;

/**
 * Why a wallet did not cover what was to be spent, for its owner to read: `StorageFull` where the money would do, and
 * `InsufficientBalance`.
 */
export async function refusalOf(
  tx: Tx,
  { ownerId, amount: required, stored = NOTHING_STORED }: Spend,
  room: Room,
): Promise<AppError> {
  const [wallet] = await tx.read<{ available: number; capped: DbBoolean; roomy: DbBoolean }>(
    `/* wallet.shortfall */ SELECT ${AVAILABLE} AS available,
       daily_limit IS NOT NULL AND ${spentOn('$3')} + held + $2 > daily_limit AS capped,
       ${fits('$4', '$5', '$6', '$7')} AS roomy
     FROM wallets WHERE owner_id = $1`,
    [ownerId, required, dayOf(nowMicros()), stored.bytes, stored.conversations, ...room],
  );
  const available = wallet?.available ?? 0;
  const isCapped = Boolean(wallet?.capped);
  if (wallet && available >= required && !isCapped && !wallet.roomy) return new StorageFull();
  const limit = available >= required && isCapped ? 'daily' : undefined;
  return new InsufficientBalance(required, available, limit);
}
