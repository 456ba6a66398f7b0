import type { Tx } from '../../database/transactions/tx.js';
import type { Metrics } from '../../metrics/metrics.js';
import { ledgerEntryCount } from '../owner-totals.js';
import { appendEntry, type WalletRow } from '../ledger.js';
import { availableOf, type SpendReceipt, type LedgerNote } from '../spending.js';

/** A captured hold: the amount held, the amount charged, and the note for the ledger. */
interface CapturedHold {
  readonly holdId: string;
  readonly ownerId: string;
  readonly amount: number;
  readonly held: number;
  readonly note: LedgerNote;
}

/**
 * Records a capture that `wallet` has just paid, and returns its result. Counts it in the metrics after the commit.
 */
export function recordCapture(
  tx: Tx,
  metrics: Metrics,
  wallet: WalletRow,
  { holdId, ownerId, amount, held, note }: CapturedHold,
): SpendReceipt {
  if (ledgerEntryCount(amount) > 0) {
    appendEntry(tx, wallet, {
      ownerId,
      kind: 'charge',
      amount: -amount,
      reason: note.reason,
      holdId,
      turnId: note.turnId,
      model: note.model,
      credentialId: note.credentialId,
      keyName: note.keyName,
    });
  }
  tx.whenCommitted(() => {
    metrics.countCharged(amount);
    metrics.countReleased(held - amount);
  });
  return { charged: amount, available: availableOf(wallet), ordinal: wallet.lastOrdinal };
}
