import type { LedgerNote } from '../../src/wallet/spending.js';

/** Returns the ledger's note of a charge without a chat. */
export const noteOf = (reason: string, turnId: string): LedgerNote => ({
  reason,
  turnId,
  model: 'echo',
  credentialId: turnId,
  keyName: null,
});
