import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/**
 * The line of refresh tokens that one login began. Only the newest of the line serves, and
 * for a short grace the one before it (`JwtRotation`); an older one used again means that somebody copied it,
 * and ends the line.
 */
/** A refresh token serves for a day. */
export const REFRESH_LIFETIME_SECONDS = 24 * 60 * 60;

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
