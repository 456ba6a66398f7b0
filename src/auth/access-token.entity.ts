import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** An opaque credential of a user. Only the digest is stored, so a reader of this table cannot log in. */
@Entity('access_tokens', { withoutRowid: true })
export class AccessToken {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** SHA-256 of the token, in hex. */
  @Column({ type: 'varchar', length: 64, unique: true })
  digest!: string;

  @Index('access_tokens_user_id')
  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  @Column({ name: 'last_used_at', type: 'bigint' })
  lastUsedAt!: Micros;
}
