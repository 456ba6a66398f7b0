import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Micros } from '../time.js';

/** `refund` is a reserved word: the schema and clients know it, and no entry has it yet. */
export type LedgerKind = 'grant' | 'top_up' | 'charge' | 'refund';

/** One change of a wallet's balance. Rows are only ever added. */
@Entity('ledger_entries', { withoutRowid: true })
@Index('ledger_entries_claim', ['ownerId', 'claimRoute', 'claimKey'], {
  unique: true,
  where: '"claim_key" IS NOT NULL',
})
@Unique('ledger_entries_owner_seq', ['ownerId', 'seq'])
@Check(
  'ledger_entries_signed',
  `("kind" = 'charge' AND "amount" < 0) OR ("kind" IN ('grant', 'top_up', 'refund') AND "amount" > 0)`,
)
@Index('ledger_entries_turn', ['turnId', 'ownerId', 'seq'], {
  where: '"turn_id" IS NOT NULL',
})
@Check('ledger_entries_covered', '"balance_after" >= 0')
export class LedgerEntry {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  /** 1, 2, 3 … within the wallet, in the order in which the balance changed; a gap is a lost row. */
  @Column({ type: 'bigint' })
  seq!: number;

  @Column({ type: 'varchar', length: 10 })
  kind!: LedgerKind;

  /** Signed, in whole tokens. */
  @Column({ type: 'bigint' })
  amount!: number;

  @Column({ name: 'balance_after', type: 'bigint' })
  balanceAfter!: number;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'hold_id', type: 'varchar', length: 36, nullable: true })
  holdId!: string | null;

  @Column({ name: 'turn_id', type: 'varchar', length: 36, nullable: true })
  turnId!: string | null;

  /** Where the turn stands in the order of saving: pages go on from a turn that was deleted. */
  @Column({ name: 'turn_ordinal', type: 'bigint', nullable: true })
  turnOrdinal!: number | null;

  /** Of a charge: who answered, by which credential it was asked, and what its owner calls that API key. */
  @Column({ type: 'text', nullable: true })
  model!: string | null;

  @Column({ name: 'credential_id', type: 'varchar', length: 36, nullable: true })
  credentialId!: string | null;

  @Column({ name: 'key_name', type: 'text', nullable: true })
  keyName!: string | null;

  @Index('ledger_entries_claimed_created_at', { where: '"claim_key" IS NOT NULL' })
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  /** Where an Idempotency-Key was given: the route, the key, and what was asked with it. */
  @Column({ name: 'claim_route', type: 'varchar', length: 20, nullable: true })
  claimRoute!: string | null;

  @Column({ name: 'claim_key', type: 'varchar', length: 255, nullable: true })
  claimKey!: string | null;

  @Column({ name: 'claim_hash', type: 'varchar', length: 64, nullable: true })
  claimHash!: string | null;
}
