import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Micros } from '../database/instant.js';

/**
 * A prepaid store of value, in whole tokens. `balance` is the sum of its ledger entries, `held` the sum of
 * its open holds; what may be spent is the difference, and the schema keeps it from going below zero.
 */
@Entity('wallets')
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

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
