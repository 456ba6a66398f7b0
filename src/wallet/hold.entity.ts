import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../database/instant.js';

export type HoldState = 'open' | 'captured' | 'released' | 'expired';

/**
 * An amount set aside while the price is not yet known. It leaves `open` once, by an UPDATE that asks for
 * `open`, so that a late answer and the sweeper can never both have their way.
 */
@Entity('holds')
@Check('holds_amount', '"amount" >= 0 AND "captured_amount" >= 0 AND "captured_amount" <= "amount"')
@Check('holds_state', `"state" IN ('open', 'captured', 'released', 'expired')`)
export class Hold {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

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

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  @Column({ name: 'resolved_at', type: 'bigint', nullable: true })
  resolvedAt!: Micros | null;
}
