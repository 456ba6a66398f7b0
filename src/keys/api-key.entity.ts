import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A credential that its owner made for a script or a device: named, bounded, and shown once. */
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

  /** What it may do, with spaces between. */
  @Column({ type: 'text' })
  scopes!: string;

  /** The spending cap in the wallet that counts what it spends. */
  @Column({ name: 'cap_id', type: 'varchar', length: 36 })
  capId!: string;

  /** It serves before this moment; null for ever. */
  @Column({ name: 'expires_at', type: 'bigint', nullable: true })
  expiresAt!: Micros | null;

  /** To the minute; null until it is used. */
  @Column({ name: 'last_used_at', type: 'bigint', nullable: true })
  lastUsedAt!: Micros | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
