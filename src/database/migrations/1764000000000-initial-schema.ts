import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { flag, id, nullable, text, whole, word } from './columns.js';

const accounts = [
  new Table({
    name: 'users',
    columns: [
      id('id', { isPrimary: true }),
      text('username'),
      text('username_key', { isUnique: true }),
      text('email'),
      text('password_hash'),
      flag('is_active'),
      flag('is_staff'),
      whole('created_at'),
    ],
  }),
  new Table({
    name: 'access_tokens',
    columns: [
      id('id', { isPrimary: true }),
      { name: 'digest', type: 'varchar', length: '64', isUnique: true },
      id('user_id'),
      whole('created_at'),
      whole('last_used_at'),
    ],
    indices: [{ name: 'access_tokens_user_id', columnNames: ['user_id'] }],
    foreignKeys: [
      {
        name: 'access_tokens_user',
        columnNames: ['user_id'],
        referencedTableName: 'users',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  }),
  new Table({
    name: 'jwt_families',
    columns: [
      id('id', { isPrimary: true }),
      id('user_id'),
      id('refresh_jti'),
      whole('expires_at'),
      whole('created_at'),
    ],
    indices: [{ name: 'jwt_families_user_id', columnNames: ['user_id'] }],
    foreignKeys: [
      {
        name: 'jwt_families_user',
        columnNames: ['user_id'],
        referencedTableName: 'users',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  }),
];

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

const chat = [
  new Table({
    name: 'conversations',
    columns: [id('id', { isPrimary: true }), id('owner_id'), whole('created_at')],
    indices: [{ name: 'conversations_owner_id', columnNames: ['owner_id', 'id'] }],
  }),
  new Table({
    name: 'turns',
    columns: [
      id('id', { isPrimary: true }),
      id('owner_id'),
      id('conversation_id'),
      id('hold_id'),
      text('message'),
      text('response'),
      text('model'),
      word('status'),
      whole('amount'),
      whole('available_after'),
      id('credential_id'),
      whole('created_at'),
    ],
    indices: [
      { name: 'turns_hold_id', columnNames: ['hold_id'] },
      { name: 'turns_owner_id', columnNames: ['owner_id', 'id'] },
      { name: 'turns_conversation_id', columnNames: ['conversation_id', 'id'] },
    ],
    foreignKeys: [
      {
        name: 'turns_conversation',
        columnNames: ['conversation_id'],
        referencedTableName: 'conversations',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  }),
];

/** People and their credentials, wallets with ledger and holds, conversations with turns. */
export class InitialSchema1764000000000 implements MigrationInterface {
  readonly name = 'InitialSchema1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of [...accounts, ...money, ...chat]) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [...chat, ...money, ...accounts].reverse()) {
      await queryRunner.dropTable(table);
    }
  }
}
