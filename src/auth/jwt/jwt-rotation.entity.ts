import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../../time.js';

/** A refresh token that was used a short time ago, and the token that replaced it. */
@Entity('jwt_rotations', { withoutRowid: true })
export class JwtRotation {
  /** The `jti` of the used token. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  jti!: string;

  @Index('jwt_rotations_family_id')
  @Column({ name: 'family_id', type: 'varchar', length: 36 })
  familyId!: string;

  @Column({ name: 'successor_jti', type: 'varchar', length: 36 })
  successorJti!: string;

  @Column({ name: 'rotated_at', type: 'bigint' })
  rotatedAt!: Micros;
}
