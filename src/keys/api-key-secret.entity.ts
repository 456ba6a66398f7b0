import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** By what a key is known: one secret, and for a while those that were rotated. Only digests are kept. */
@Entity('api_key_secrets', { withoutRowid: true })
export class ApiKeySecret {
  /** SHA-256 of the key, in hex. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  digest!: string;

  @Index('api_key_secrets_key_id')
  @Column({ name: 'key_id', type: 'varchar', length: 36 })
  keyId!: string;

  /** It serves before this moment; null for the newest, which has no end of its own. */
  @Column({ name: 'expires_at', type: 'bigint', nullable: true })
  expiresAt!: Micros | null;
}
