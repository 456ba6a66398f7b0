import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../../time.js';

/** A refresh token is valid for a day. */
export const REFRESH_LIFETIME_SECONDS = 24 * 60 * 60;

/**
 * The refresh tokens that follow from one login. Only the newest token is valid, and for a short grace period the
 * one before it (`JwtRotation`). If an older one is used again, a copy of it exists, so the whole family ends.
 */
@Entity('jwt_families', { withoutRowid: true })
export class JwtFamily {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Index('jwt_families_user_id')
  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  /** The `jti` of the newest refresh token. */
  @Column({ name: 'refresh_jti', type: 'varchar', length: 36 })
  refreshJti!: string;

  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: Micros;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
