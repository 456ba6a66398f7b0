import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/**
 * A prepaid store of value, in whole tokens. `balance` is the sum of its ledger entries, `held` the sum of
 * its open holds; what may be spent is the difference, and the schema keeps it from going below zero.
 */
@Entity('wallets', { withoutRowid: true })
@Check('wallets_covered', '"held" >= 0 AND "balance" >= "held"')
export class Wallet {
  @PrimaryColumn({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  @Column({ type: 'bigint' })
  balance!: number;

  @Column({ type: 'bigint' })
  held!: number;

  /** How many ledger entries there are: the `seq` of the newest. */
  @Column({ name: 'entry_count', type: 'bigint' })
  entryCount!: number;

  /** Numbers what is saved for the owner, in the order of saving: the number given last. There are gaps. */
  @Column({ name: 'last_ordinal', type: 'bigint', default: 0 })
  lastOrdinal!: number;

  /** What is kept for the owner, in bytes as `sizes.ts` counts them; for answers under way, their questions. */
  @Column({ name: 'stored_bytes', type: 'bigint', default: 0 })
  storedBytes!: number;

  @Column({ name: 'conversation_count', type: 'bigint', default: 0 })
  conversationCount!: number;

  /** The most that its owner wants spent in one day (UTC); null for no limit. */
  @Column({ name: 'daily_limit', type: 'bigint', nullable: true })
  dailyLimit!: number | null;

  /** What was spent on `spentDay`, which counts days since 1970. */
  @Column({ name: 'spent_amount', type: 'bigint' })
  spentAmount!: number;

  @Column({ name: 'spent_day', type: 'bigint' })
  spentDay!: number;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
