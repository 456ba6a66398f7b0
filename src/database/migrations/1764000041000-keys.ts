import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, nullable, text, whole } from './columns.js';

const belongsTo = (table: string, column: string, referred: string, key = 'id') => ({
  name: `${table}_${referred}`,
  columnNames: [column],
  referencedTableName: referred,
  referencedColumnNames: [key],
});

const tables = [
  new Table({
    name: 'spending_caps',
    withoutRowid: true,
    columns: [
      id('id', { isPrimary: true }),
      id('owner_id'),
      whole('limit_amount', nullable),
      { name: 'reset', type: 'varchar', length: '10', isNullable: true },
      whole('held'),
      whole('spent_amount'),
      whole('spent_period'),
      whole('created_at'),
    ],
    indices: [{ name: 'spending_caps_owner_id', columnNames: ['owner_id'] }],
    checks: [
      { name: 'spending_caps_counted', expression: '"held" >= 0 AND "spent_amount" >= 0' },
      { name: 'spending_caps_reset', expression: `"reset" IN ('daily', 'monthly')` },
    ],
    foreignKeys: [belongsTo('spending_caps', 'owner_id', 'wallets', 'owner_id')],
  }),
  new Table({
    name: 'api_keys',
    withoutRowid: true,
    columns: [
      id('id', { isPrimary: true }),
      id('user_id'),
      text('name'),
      { name: 'prefix', type: 'varchar', length: '20' },
      text('scopes'),
      id('cap_id'),
      whole('expires_at', nullable),
      whole('last_used_at', nullable),
      whole('created_at'),
    ],
    indices: [{ name: 'api_keys_user_id', columnNames: ['user_id', 'id'] }],
    foreignKeys: [{ ...belongsTo('api_keys', 'user_id', 'users'), onDelete: 'CASCADE' }],
  }),
  new Table({
    name: 'api_key_secrets',
    withoutRowid: true,
    columns: [
      { name: 'digest', type: 'varchar', length: '64', isPrimary: true },
      id('key_id'),
      whole('expires_at', nullable),
    ],
    indices: [{ name: 'api_key_secrets_key_id', columnNames: ['key_id'] }],
    foreignKeys: [{ ...belongsTo('api_key_secrets', 'key_id', 'api_keys'), onDelete: 'CASCADE' }],
  }),
];

const ADDED = [
  ['holds', 'cap_id', 'varchar(36)'],
  ['ledger_entries', 'model', 'text'],
  ['ledger_entries', 'credential_id', 'varchar(36)'],
  ['ledger_entries', 'key_name', 'text'],
  ['turns', 'key_name', 'text'],
] as const;

/**
 * API keys, and the caps on what they spend. What a charge was for, and by which credential, is the ledger's
 * from now on: entries whose turn is still there take it from that.
 */
export class Keys1764000041000 implements MigrationInterface {
  readonly name = 'Keys1764000041000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.createTable(table);
    for (const [table, column, type] of ADDED) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
    }
    await runner.query(
      `UPDATE ledger_entries SET
         model = (SELECT t.model FROM turns t WHERE t.id = turn_id),
         credential_id = (SELECT t.credential_id FROM turns t WHERE t.id = turn_id)
       WHERE turn_id IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, column] of ADDED) {
      await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
    for (const table of [...tables].reverse()) await runner.dropTable(table);
  }
}
