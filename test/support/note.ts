import type { LedgerNote } from '../../src/wallet/spending.js';

/** What the ledger says of a charge that no chat made. */
export const noteOf = (reason: string, turnId: string): LedgerNote => ({
  reason,
  turnId,
  model: 'echo',
  credentialId: turnId,
  keyName: null,
});
