import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A link with which a user sets a password. Only the digest of its token is stored. */
@Entity('password_resets', { withoutRowid: true })
export class PasswordReset {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** SHA-256 of the token, in hex. */
  @Column({ type: 'varchar', length: 64, unique: true })
  digest!: string;

  @Index('password_resets_user_id')
  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: Micros;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
