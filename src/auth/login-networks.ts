import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { nowMicros } from '../time.js';
import { usernameKey } from '../users/users.service.js';
import { JWT_KEY } from './jwt/jwt-key.js';
import { LoginNetwork } from './login-network.entity.js';

/** Number of networks stored for each user, the most recently used. */
const NETWORKS_MAX = 10;

/**
 * The networks from which users have logged in. Failed attempts from other networks do not slow down a login
 * from one of these. The digests use the key that signs JWTs, because there are few enough addresses to try
 * them all: a reader of the table learns no address. A new key makes the stored networks unknown.
 */
@Injectable()
export class LoginNetworks {
  constructor(
    private readonly reader: ReadConnection,
    @Inject(JWT_KEY) private readonly key: Uint8Array,
  ) {}

  /** Returns whether the owner of the name has logged in from this network; false if no user has this name. */
  async hasLoggedInFrom(username: string, network: string): Promise<boolean> {
    const rows = await this.reader.read<LoginNetwork>(
      `/* login_network.find */ SELECT n.user_id AS "userId", n.digest FROM users u
       JOIN login_networks n ON n.user_id = u.id WHERE u.username_key = $1`,
      [usernameKey(username)],
    );
    return rows.some(({ userId, digest }) => digest === this.digestOf(userId, network));
  }

  /** Adds the network of a new user, who has no networks yet. */
  add(tx: Tx, userId: string, network: string): void {
    const digest = this.digestOf(userId, network);
    tx.insertLater(LoginNetwork, { userId, digest, lastUsedAt: nowMicros() });
  }

  /** Stores the network of a login. Past the bound, deletes the least recently used one. */
  async remember(tx: Tx, userId: string, network: string): Promise<void> {
    await tx.write(
      `/* login_network.remember */ INSERT INTO login_networks (user_id, digest, last_used_at)
       VALUES ($1, $2, $3)
       ON CONFLICT (user_id, digest) DO UPDATE SET last_used_at = excluded.last_used_at RETURNING digest`,
      [userId, this.digestOf(userId, network), nowMicros()],
    );
    await tx.write(
      `/* login_network.trim */ DELETE FROM login_networks WHERE user_id = $1 AND digest NOT IN
         (SELECT digest FROM login_networks WHERE user_id = $1 ORDER BY last_used_at DESC
          LIMIT ${String(NETWORKS_MAX)})
       RETURNING digest`,
      [userId],
    );
  }

  private digestOf(userId: string, network: string): string {
    return createHmac('sha256', this.key).update(`${userId} ${network}`).digest('hex');
  }
}
