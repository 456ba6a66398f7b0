import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A secret of a key: the newest one, or one that was rotated and is valid for a while. Only its digest is stored. */
@Entity('api_key_secrets', { withoutRowid: true })
export class ApiKeySecret {
  /** SHA-256 of the key, in hex. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  digest!: string;

  @Index('api_key_secrets_key_id')
  @Column({ name: 'key_id', type: 'varchar', length: 36 })
  keyId!: string;

  /** The secret is valid before this moment; null for the newest, which has no expiry of its own. */
  @Column({ name: 'expires_at', type: 'bigint', nullable: true })
  expiresAt!: Micros | null;
}
