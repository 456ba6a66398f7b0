import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A network from which a user has logged in. Only a keyed digest of the network is stored. */
@Entity('login_networks', { withoutRowid: true })
export class LoginNetwork {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  /** HMAC-SHA-256 of user and network, in hex. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  digest!: string;

  @Column({ name: 'last_used_at', type: 'bigint' })
  lastUsedAt!: Micros;
}
