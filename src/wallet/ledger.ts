import { v7 as uuidv7 } from 'uuid';
import { nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { claimColumns, type Claim } from './claim.js';
import type { LedgerKind } from './ledger-entry.entity.js';

/** A wallet as it stands after a change, inside the transaction that changed it. */
export interface WalletRow {
  readonly balance: number;
  readonly held: number;
  readonly entryCount: number;
}

export const WALLET_ROW = 'balance, held, entry_count AS "entryCount"';

/** What an entry says beside the balance that it leads to. `amount` is signed, in whole tokens. */
export interface NewEntry {
  readonly ownerId: string;
  readonly kind: LedgerKind;
  readonly amount: number;
  readonly reason: string;
  readonly holdId?: string;
  readonly turnId?: string;
  readonly claim?: Claim | undefined;
}

/** Writes down a change that `wallet` has just gone through. `entry_count` numbers it. */
export async function appendEntry(tx: Tx, wallet: WalletRow, entry: NewEntry): Promise<void> {
  await tx.rows(
    `/* ledger.append */ INSERT INTO ledger_entries
     (id, owner_id, seq, kind, amount, balance_after, reason, hold_id, turn_id, created_at,
      claim_route, claim_key, claim_hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      uuidv7(),
      entry.ownerId,
      wallet.entryCount,
      entry.kind,
      entry.amount,
      wallet.balance,
      entry.reason,
      entry.holdId ?? null,
      entry.turnId ?? null,
      nowMicros(),
      ...claimColumns(entry.claim),
    ],
  );
}
