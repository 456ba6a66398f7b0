import { PasswordReset } from './accounts/password-reset.entity.js';
import { TrailEntry } from './admin/trail-entry.entity.js';
import { AccessToken } from './auth/access-token.entity.js';
import { JwtFamily } from './auth/jwt/jwt-family.entity.js';
import { JwtRotation } from './auth/jwt/jwt-rotation.entity.js';
import { LoginNetwork } from './auth/login-network.entity.js';
import { Conversation } from './conversations/conversation.entity.js';
import { Turn } from './conversations/turn.entity.js';
import { ClientChat } from './conversations/client-chat.entity.js';
import { NumberedList } from './database/numbered-list.entity.js';
import { ApiKeySecret } from './keys/api-key-secret.entity.js';
import { ApiKey } from './keys/api-key.entity.js';
import { User } from './users/user.entity.js';
import { Hold } from './wallet/holds/hold.entity.js';
import { LedgerEntry } from './wallet/ledger-entry.entity.js';
import { RedemptionCode } from './wallet/redemption-code.entity.js';
import { SpendingCap } from './wallet/spending-cap.entity.js';
import { Wallet } from './wallet/wallet.entity.js';

/**
 * All tables, for TypeORM. A table comes after the tables that its rows refer to, because those are written first.
 */
export const entities = [
  NumberedList,
  User,
  ApiKey,
  ApiKeySecret,
  AccessToken,
  JwtFamily,
  PasswordReset,
  JwtRotation,
  LoginNetwork,
  Wallet,
  SpendingCap,
  LedgerEntry,
  Hold,
  RedemptionCode,
  Conversation,
  ClientChat,
  Turn,
  TrailEntry,
];
