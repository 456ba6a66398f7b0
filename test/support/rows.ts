import type { User } from '../../src/users/user.entity.js';
import type { Hold } from '../../src/wallet/holds/hold.entity.js';
import type { LedgerEntry } from '../../src/wallet/ledger-entry.entity.js';
import type { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import type { Wallet } from '../../src/wallet/wallet.entity.js';

/** Returns a row of a user. A case sets only the fields that it needs. */
export const user = (id: string, more: Partial<User> = {}): User => ({
  id,
  username: id,
  usernameKey: id,
  email: '',
  passwordHash: '',
  isActive: true,
  isStaff: false,
  createdAt: 0,
  ordinal: 0,
  ...more,
});
export const wallet = (ownerId: string, more: Partial<Wallet> = {}): Wallet => ({
  ownerId,
  balance: 3,
  held: 0,
  lastOrdinal: 0,
  entryCount: 2,
  storedBytes: 0,
  conversationCount: 0,
  dailyLimit: null,
  spentAmount: 0,
  spentDay: 0,
  createdAt: 0,
  ...more,
});
export const entry = (
  ownerId: string,
  seq: number,
  more: Partial<LedgerEntry> = {},
): LedgerEntry => ({
  id: `${ownerId} ${String(seq)}`,
  ownerId,
  seq,
  kind: 'grant',
  amount: seq,
  balanceAfter: seq,
  reason: '',
  holdId: null,
  turnId: null,
  turnOrdinal: null,
  model: null,
  credentialId: null,
  keyName: null,
  createdAt: 0,
  idempotencyRoute: null,
  idempotencyKey: null,
  idempotencyHash: null,
  ...more,
});
/** Returns a row of an open hold of 100. A case sets only the fields that it needs. */
export const hold = (id: string, ownerId: string, more: Partial<Hold> = {}): Hold => ({
  id,
  ownerId,
  amount: 100,
  capturedAmount: 0,
  state: 'open',
  expiresAt: Number.MAX_SAFE_INTEGER,
  createdAt: 0,
  resolvedAt: null,
  processId: 1,
  stopAskedAt: null,
  capId: null,
  storedBytes: 0,
  idempotencyRoute: null,
  idempotencyKey: null,
  idempotencyHash: null,
  ...more,
});
export const code = (id: string, amount = 1): RedemptionCode => ({
  id,
  digest: id,
  amount,
  reason: '',
  redeemedBy: null,
  redeemedAt: null,
  createdAt: 0,
});
