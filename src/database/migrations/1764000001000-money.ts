import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, nullable, text, whole, word } from './columns.js';

/** An Idempotency-Key lives on the row it protects, and is unique there for its owner and route. */
const claim = [
  { name: 'claim_route', type: 'varchar', length: '20', isNullable: true },
  { name: 'claim_key', type: 'varchar', length: '255', isNullable: true },
  { name: 'claim_hash', type: 'varchar', length: '64', isNullable: true },
];
const claimUnique = (table: string) => ({
  name: `${table}_claim`,
  columnNames: ['owner_id', 'claim_route', 'claim_key'],
});
const claimedIndex = (table: string) => ({
  name: `${table}_claimed_created_at`,
  columnNames: ['created_at'],
  where: '"claim_key" IS NOT NULL',
});

/** No foreign key leads from money to a user: the ledger outlives the person, without their name. */
const money = [
  new Table({
    name: 'wallets',
    columns: [
      id('owner_id', { isPrimary: true }),
      whole('balance'),
      whole('held'),
      whole('entry_count'),
      whole('daily_limit', nullable),
      whole('spent_amount'),
      whole('spent_day'),
      whole('created_at'),
    ],
    checks: [{ name: 'wallets_covered', expression: '"held" >= 0 AND "balance" >= "held"' }],
  }),
  new Table({
    name: 'ledger_entries',
    columns: [
      id('id', { isPrimary: true }),
      id('owner_id'),
      whole('seq'),
      word('kind'),
      whole('amount'),
      whole('balance_after'),
      text('reason'),
      id('hold_id', nullable),
      id('turn_id', nullable),
      whole('created_at'),
      ...claim,
    ],
    uniques: [
      { name: 'ledger_entries_owner_seq', columnNames: ['owner_id', 'seq'] },
      claimUnique('ledger_entries'),
    ],
    indices: [
      { name: 'ledger_entries_turn_id', columnNames: ['turn_id'] },
      claimedIndex('ledger_entries'),
    ],
    checks: [
      {
        name: 'ledger_entries_signed',
        expression: `("kind" = 'charge' AND "amount" < 0) OR ("kind" IN ('grant', 'top_up', 'refund') AND "amount" > 0)`,
      },
      { name: 'ledger_entries_covered', expression: '"balance_after" >= 0' },
    ],
    foreignKeys: [
      {
        name: 'ledger_entries_wallet',
        columnNames: ['owner_id'],
        referencedTableName: 'wallets',
        referencedColumnNames: ['owner_id'],
      },
    ],
  }),
  new Table({
    name: 'holds',
    uniques: [claimUnique('holds')],
    columns: [
      id('id', { isPrimary: true }),
      id('owner_id'),
      whole('amount'),
      whole('captured_amount'),
      word('state'),
      whole('expires_at'),
      whole('created_at'),
      whole('resolved_at', nullable),
      whole('process_id'),
      ...claim,
    ],
    indices: [
      claimedIndex('holds'),
      { name: 'holds_open_expires_at', columnNames: ['expires_at'], where: `"state" = 'open'` },
    ],
    checks: [
      {
        name: 'holds_amount',
        expression: '"amount" >= 0 AND "captured_amount" >= 0 AND "captured_amount" <= "amount"',
      },
      {
        name: 'holds_state',
        expression: `"state" IN ('open', 'captured', 'released', 'expired')`,
      },
    ],
    foreignKeys: [
      {
        name: 'holds_wallet',
        columnNames: ['owner_id'],
        referencedTableName: 'wallets',
        referencedColumnNames: ['owner_id'],
      },
    ],
  }),
  new Table({
    name: 'redemption_codes',
    columns: [
      id('id', { isPrimary: true }),
      { name: 'digest', type: 'varchar', length: '64', isUnique: true },
      whole('amount'),
      text('reason'),
      id('redeemed_by', nullable),
      whole('redeemed_at', nullable),
      whole('created_at'),
    ],
    checks: [{ name: 'redemption_codes_amount', expression: '"amount" > 0' }],
  }),
];

/** Wallets, their ledger and holds, and redemption codes. */
export class Money1764000001000 implements MigrationInterface {
  readonly name = 'Money1764000001000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of money) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [...money].reverse()) await queryRunner.dropTable(table);
  }
}
