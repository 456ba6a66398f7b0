import { Accounts1764000000000 } from './migrations/1764000000000-accounts.js';
import { Money1764000001000 } from './migrations/1764000001000-money.js';
import { Chat1764000002000 } from './migrations/1764000002000-chat.js';
import { LedgerByTurn1764000003000 } from './migrations/1764000003000-ledger-by-turn.js';
import { Slim1764000004000 } from './migrations/1764000004000-slim.js';
import { Reasoning1764000010000 } from './migrations/1764000010000-reasoning.js';
import { Limits1764000020000 } from './migrations/1764000020000-limits.js';
import { JwtRotations1764000021000 } from './migrations/1764000021000-jwt-rotations.js';
import { People1764000030000 } from './migrations/1764000030000-people.js';
import { FoldedTurns1764000043000 } from './migrations/1764000043000-folded-turns.js';
import { Operators1764000031000 } from './migrations/1764000031000-operators.js';
import { SavingOrder1764000040000 } from './migrations/1764000040000-saving-order.js';
import { Stops1764000040100 } from './migrations/1764000040100-stops.js';
import { Keys1764000041000 } from './migrations/1764000041000-keys.js';
import { ClientChats1764000042000 } from './migrations/1764000042000-client-chats.js';
import { Responses1764000044000 } from './migrations/1764000044000-responses.js';
import { Stored1796000000000 } from './migrations/1796000000000-stored.js';
import { TokenDetails1796000050000 } from './migrations/1796000050000-token-details.js';
import { UnpaidHolds1797000200000 } from './migrations/1797000200000-unpaid-holds.js';
import { LedgerTurnFirst1797000300000 } from './migrations/1797000300000-ledger-turn-first.js';
import { NumberedLists1797100000000 } from './migrations/1797100000000-numbered-lists.js';
import { ThoughtParts1797200000000 } from './migrations/1797200000000-thought-parts.js';
import { NoOrderByActivity1797300000000 } from './migrations/1797300000000-no-order-by-activity.js';

/** Every migration, oldest first. Never edit a released migration: add another one. */
export const migrations = [
  Accounts1764000000000,
  Money1764000001000,
  Chat1764000002000,
  LedgerByTurn1764000003000,
  Slim1764000004000,
  Reasoning1764000010000,
  Limits1764000020000,
  JwtRotations1764000021000,
  People1764000030000,
  Operators1764000031000,
  SavingOrder1764000040000,
  Stops1764000040100,
  Keys1764000041000,
  ClientChats1764000042000,
  FoldedTurns1764000043000,
  Responses1764000044000,
  Stored1796000000000,
  TokenDetails1796000050000,
  UnpaidHolds1797000200000,
  LedgerTurnFirst1797000300000,
  NumberedLists1797100000000,
  ThoughtParts1797200000000,
  NoOrderByActivity1797300000000,
];
