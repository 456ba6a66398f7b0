import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/**
 * A prepaid store of value, in whole tokens. `balance` is the sum of the ledger entries, `held` is the sum of
 * the open holds. The owner can spend the difference. The schema keeps the difference from going below zero.
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

  /** Number of ledger entries, which is the `seq` of the newest one. */
  @Column({ name: 'entry_count', type: 'bigint' })
  entryCount!: number;

  /** The last number given to what is saved for the owner. Numbers grow in the order of saving and have gaps. */
  @Column({ name: 'last_ordinal', type: 'bigint', default: 0 })
  lastOrdinal!: number;

  /**
   * The bytes stored for the owner, as `src/conversations/sizes.ts` counts them. For answers in progress,
   * their questions.
   */
  @Column({ name: 'stored_bytes', type: 'bigint', default: 0 })
  storedBytes!: number;

  @Column({ name: 'conversation_count', type: 'bigint', default: 0 })
  conversationCount!: number;

  /** The most that the owner wants to spend in one day (UTC); null for no limit. */
  @Column({ name: 'daily_limit', type: 'bigint', nullable: true })
  dailyLimit!: number | null;

  /** The amount spent on `spentDay`, which counts days since 1970. */
  @Column({ name: 'spent_amount', type: 'bigint' })
  spentAmount!: number;

  @Column({ name: 'spent_day', type: 'bigint' })
  spentDay!: number;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
