import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** When the amount spent starts again at 0: never, at midnight, or on the first day of the month (UTC). */
export type CapReset = 'daily' | 'monthly' | null;

/**
 * A bound on what one credential takes from its owner's wallet. The amount spent is counted even without a
 * limit, so that a limit set later includes it.
 */
@Entity('spending_caps', { withoutRowid: true })
@Check('spending_caps_counted', '"held" >= 0 AND "spent_amount" >= 0')
@Check('spending_caps_reset', `"reset" IN ('daily', 'monthly')`)
export class SpendingCap {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Index('spending_caps_owner_id')
  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  /** In whole tokens; null for no limit. */
  @Column({ name: 'limit_amount', type: 'bigint', nullable: true })
  limitAmount!: number | null;

  @Column({ type: 'varchar', length: 10, nullable: true })
  reset!: CapReset;

  /** The sum of the open holds that count against the cap. */
  @Column({ type: 'bigint' })
  held!: number;

  /** The amount spent in `spentPeriod`, which is a day since 1970, a month since year 0, or 0 for all time. */
  @Column({ name: 'spent_amount', type: 'bigint' })
  spentAmount!: number;

  @Column({ name: 'spent_period', type: 'bigint' })
  spentPeriod!: number;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
