import { PasswordReset } from './accounts/password-reset.entity.js';
import { TrailEntry } from './admin/trail-entry.entity.js';
import { AccessToken } from './auth/access-token.entity.js';
import { JwtFamily } from './auth/jwt-family.entity.js';
import { JwtRotation } from './auth/jwt-rotation.entity.js';
import { LoginNetwork } from './auth/login-network.entity.js';
import { Conversation } from './conversations/conversation.entity.js';
import { Turn } from './conversations/turn.entity.js';
import { User } from './users/user.entity.js';
import { Hold } from './wallet/hold.entity.js';
import { LedgerEntry } from './wallet/ledger-entry.entity.js';
import { RedemptionCode } from './wallet/redemption-code.entity.js';
import { Wallet } from './wallet/wallet.entity.js';

/** Every table, for TypeORM; each after those that its rows refer to, which are written first. */
export const entities = [
  User,
  AccessToken,
  JwtFamily,
  PasswordReset,
  JwtRotation,
  LoginNetwork,
  Wallet,
  LedgerEntry,
  Hold,
  RedemptionCode,
  Conversation,
  Turn,
  TrailEntry,
];
