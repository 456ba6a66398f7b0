import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A network from which somebody has logged in. Of the network itself only a keyed digest is kept. */
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
