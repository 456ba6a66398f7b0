import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A credential that its owner made for a script or a device. It has a name and bounds, and is shown once. */
@Entity('api_keys', { withoutRowid: true })
@Index('api_keys_user_id', ['userId', 'id'])
export class ApiKey {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @Column({ type: 'text' })
  name!: string;

  /** The first characters of the newest secret. */
  @Column({ type: 'varchar', length: 20 })
  prefix!: string;

  /** The scopes of the key, separated by spaces. */
  @Column({ type: 'text' })
  scopes!: string;

  /** The cap in the wallet room that counts what the key spends. */
  @Column({ name: 'cap_id', type: 'varchar', length: 36 })
  capId!: string;

  /** The key is valid before this moment; null if it does not expire. */
  @Column({ name: 'expires_at', type: 'bigint', nullable: true })
  expiresAt!: Micros | null;

  /** Exact to the minute; null until the key is used. */
  @Column({ name: 'last_used_at', type: 'bigint', nullable: true })
  lastUsedAt!: Micros | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
