import { newId } from '../new-id.js';
import { nowMicros } from '../time.js';
import type { Tx } from '../database/transactions/tx.js';
import { idempotencyColumns, type IdempotencyRecord } from './idempotency-record.js';
import { LedgerEntry, type LedgerKind } from './ledger-entry.entity.js';

/** A wallet after a change, read inside the transaction that changed it. */
export interface WalletRow {
  readonly balance: number;
  readonly held: number;
  readonly entryCount: number;
  /** The number of this change among all that is saved for the owner. */
  readonly lastOrdinal: number;
}

export const WALLET_ROW =
  'balance, held, entry_count AS "entryCount", last_ordinal AS "lastOrdinal"';

/** The fields of an entry, except the balance after it. `amount` is signed, in whole tokens. */
export interface NewEntry {
  readonly ownerId: string;
  readonly kind: LedgerKind;
  readonly amount: number;
  readonly reason: string;
  readonly holdId?: string;
  readonly turnId?: string | undefined;
  readonly model?: string;
  readonly credentialId?: string;
  readonly keyName?: string | null;
  readonly idempotency?: IdempotencyRecord | undefined;
}

/** Adds the ledger entry for a change that has just been made to `wallet`. `entry_count` is its number. */
export function appendEntry(tx: Tx, wallet: WalletRow, entry: NewEntry): void {
  const { ownerId, kind, amount, reason, holdId = null, turnId = null, idempotency } = entry;
  const { model = null, credentialId = null, keyName = null } = entry;
  const { idempotencyRoute, idempotencyKey, idempotencyHash } = idempotencyColumns(idempotency);
  tx.insertLater(LedgerEntry, {
    id: newId(),
    ownerId,
    seq: wallet.entryCount,
    kind,
    amount,
    balanceAfter: wallet.balance,
    reason,
    holdId,
    turnId,
    turnOrdinal: turnId === null ? null : wallet.lastOrdinal,
    model,
    credentialId,
    keyName,
    createdAt: nowMicros(),
    idempotencyRoute,
    idempotencyKey,
    idempotencyHash,
  });
}
