import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Micros } from '../time.js';

/** `refund` is reserved: the schema and clients know it, but no entry has this kind yet. */
export type LedgerKind = 'grant' | 'top_up' | 'charge' | 'refund';

/** One change of a wallet's balance. Rows are only added, never changed. */
@Entity('ledger_entries', { withoutRowid: true })
@Index('ledger_entries_claim', ['ownerId', 'idempotencyRoute', 'idempotencyKey'], {
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

  /** 1, 2, 3 … within the wallet, in the order in which the balance changed. A gap means that a row was lost. */
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

  /** The turn's place in the order of saving. Pages use it to continue after a turn that was deleted. */
  @Column({ name: 'turn_ordinal', type: 'bigint', nullable: true })
  turnOrdinal!: number | null;

  /** For a charge: the model that answered, the credential that asked, and the name of that API key. */
  @Column({ type: 'text', nullable: true })
  model!: string | null;

  @Column({ name: 'credential_id', type: 'varchar', length: 36, nullable: true })
  credentialId!: string | null;

  @Column({ name: 'key_name', type: 'text', nullable: true })
  keyName!: string | null;

  @Index('ledger_entries_claimed_created_at', { where: '"claim_key" IS NOT NULL' })
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  /** The route, the key, and the hash of the input of a request with an `Idempotency-Key`; otherwise null. */
  @Column({ name: 'claim_route', type: 'varchar', length: 20, nullable: true })
  idempotencyRoute!: string | null;

  @Column({ name: 'claim_key', type: 'varchar', length: 255, nullable: true })
  idempotencyKey!: string | null;

  @Column({ name: 'claim_hash', type: 'varchar', length: 64, nullable: true })
  idempotencyHash!: string | null;
}
