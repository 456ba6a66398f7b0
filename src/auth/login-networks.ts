import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { nowMicros } from '../time.js';
import { usernameKey } from '../users/users.service.js';
import { JWT_KEY } from './jwt-key.js';
import { LoginNetwork } from './login-network.entity.js';

/** Of each person, those used last. */
const NETWORKS_MAX = 10;

/**
 * The networks that people have logged in from: there a login is not held up by what strangers try. Kept
 * under the key that signs JWTs, for there are few enough addresses to try them all: a reader of the table
 * learns no address. Another key begins anew.
 */
@Injectable()
export class LoginNetworks {
  constructor(
    private readonly reader: ReadConnection,
    @Inject(JWT_KEY) private readonly key: Uint8Array,
  ) {}

  /** Whether the owner of the name has logged in from this network; false for a name that nobody has. */
  async isHome(username: string, network: string): Promise<boolean> {
    const rows = await this.reader.read<LoginNetwork>(
      `/* login_network.find */ SELECT n.user_id AS "userId", n.digest FROM users u
       JOIN login_networks n ON n.user_id = u.id WHERE u.username_key = $1`,
      [usernameKey(username)],
    );
    return rows.some(({ userId, digest }) => digest === this.digestOf(userId, network));
  }

  /** Of someone new, who has no networks yet. */
  add(tx: Tx, userId: string, network: string): void {
    const digest = this.digestOf(userId, network);
    tx.insertLater(LoginNetwork, { userId, digest, lastUsedAt: nowMicros() });
  }

  /** Keeps the network of a login; past the bound the one that was used longest ago goes. */
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
