import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../../time.js';

export type HoldState = 'open' | 'captured' | 'released' | 'expired';

/**
 * An amount set aside while the price is not yet known. A hold leaves the state `open` once, by an UPDATE
 * with the condition `state = 'open'`, so a late answer and the sweeper cannot both resolve it.
 */
@Entity('holds', { withoutRowid: true })
@Index('holds_claim', ['ownerId', 'idempotencyRoute', 'idempotencyKey'], {
  unique: true,
  where: '"claim_key" IS NOT NULL',
})
@Check('holds_amount', '"amount" >= 0 AND "captured_amount" >= 0 AND "captured_amount" <= "amount"')
@Check('holds_state', `"state" IN ('open', 'captured', 'released', 'expired')`)
export class Hold {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Index('holds_owner_id')
  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  @Column({ type: 'bigint' })
  amount!: number;

  @Column({ name: 'captured_amount', type: 'bigint' })
  capturedAmount!: number;

  @Column({ type: 'varchar', length: 10 })
  state!: HoldState;

  @Index('holds_open_expires_at', { where: `"state" = 'open'` })
  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: Micros;

  @Index('holds_claimed_created_at', { where: '"claim_key" IS NOT NULL' })
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  @Index('holds_unpaid', {
    where: `"captured_amount" = 0 AND "state" <> 'open' AND "claim_key" IS NULL`,
  })
  @Column({ name: 'resolved_at', type: 'bigint', nullable: true })
  resolvedAt!: Micros | null;

  /** The process that serves the request. When the process ends, the request ends too. */
  @Index('holds_stop_asked', { where: `"stop_asked_at" IS NOT NULL AND "state" = 'open'` })
  @Column({ name: 'process_id', type: 'bigint' })
  processId!: number;

  /** When the owner asked to stop the answer. The process that serves the request polls this column. */
  @Column({ name: 'stop_asked_at', type: 'bigint', nullable: true })
  stopAskedAt!: Micros | null;

  /** The cap that the hold counts against; null if the credential has none. */
  @Column({ name: 'cap_id', type: 'varchar', length: 36, nullable: true })
  capId!: string | null;

  /** The bytes that the owner's storage count contains for the answer until it is saved. */
  @Column({ name: 'stored_bytes', type: 'bigint', default: 0 })
  storedBytes!: number;

  /** The route, the key, and the hash of the input of a request with an `Idempotency-Key`; otherwise null. */
  @Column({ name: 'claim_route', type: 'varchar', length: 20, nullable: true })
  idempotencyRoute!: string | null;

  @Column({ name: 'claim_key', type: 'varchar', length: 255, nullable: true })
  idempotencyKey!: string | null;

  @Column({ name: 'claim_hash', type: 'varchar', length: 64, nullable: true })
  idempotencyHash!: string | null;
}
