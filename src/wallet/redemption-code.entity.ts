import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A code that adds tokens to one wallet, once. Only its digest is stored, because the code is worth money. */
@Entity('redemption_codes', { withoutRowid: true })
@Check('redemption_codes_amount', '"amount" > 0')
export class RedemptionCode {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** SHA-256 of the code, in hex. */
  @Column({ type: 'varchar', length: 64, unique: true })
  digest!: string;

  @Column({ type: 'bigint' })
  amount!: number;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'redeemed_by', type: 'varchar', length: 36, nullable: true })
  redeemedBy!: string | null;

  @Column({ name: 'redeemed_at', type: 'bigint', nullable: true })
  redeemedAt!: Micros | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
