import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Each by its table: what was read by the order of ids, and is read by the order of saving. */
const BY_ID = {
  turns: [
    new TableIndex({ name: 'turns_owner_id', columnNames: ['owner_id', 'id'] }),
    new TableIndex({ name: 'turns_conversation_id', columnNames: ['conversation_id', 'id'] }),
  ],
  conversations: [
    new TableIndex({ name: 'conversations_owner_id', columnNames: ['owner_id', 'id'] }),
  ],
};
const BY_ORDINAL = {
  turns: [
    new TableIndex({
      name: 'turns_owner_ordinal',
      columnNames: ['owner_id', 'ordinal'],
      isUnique: true,
    }),
    new TableIndex({
      name: 'turns_conversation_ordinal',
      columnNames: ['conversation_id', 'ordinal'],
    }),
  ],
  conversations: [
    new TableIndex({
      name: 'conversations_owner_ordinal',
      columnNames: ['owner_id', 'ordinal'],
      isUnique: true,
    }),
    new TableIndex({
      name: 'conversations_owner_updated',
      columnNames: ['owner_id', 'updated_at', 'id'],
    }),
  ],
};
const TABLES = ['turns', 'conversations'] as const;

const number = (table: string) => `UPDATE ${table} SET ordinal = numbered.n FROM (
    SELECT id AS row_id, row_number() OVER (PARTITION BY owner_id ORDER BY id) AS n FROM ${table}
  ) AS numbered WHERE id = numbered.row_id`;
const highest = (table: string) =>
  `coalesce((SELECT max(ordinal) FROM ${table} WHERE owner_id = wallets.owner_id), 0)`;

/**
 * What is saved for an owner is numbered, in the order of saving, by the owner's wallet: an id is made before
 * its answer, and so in another order. What there is already is numbered by its ids, as it was read so far.
 */
export class SavingOrder1764000040000 implements MigrationInterface {
  readonly name = 'SavingOrder1764000040000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE wallets ADD COLUMN last_ordinal bigint NOT NULL DEFAULT 0');
    await runner.query('ALTER TABLE ledger_entries ADD COLUMN turn_ordinal bigint');
    for (const table of TABLES) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ordinal bigint NOT NULL DEFAULT 0`);
      await runner.query(number(table));
      for (const index of BY_ORDINAL[table]) await runner.createIndex(table, index);
      for (const index of BY_ID[table]) await runner.dropIndex(table, index);
    }
    await runner.query(
      `UPDATE wallets SET last_ordinal = ${highest('turns')} + ${highest('conversations')}`,
    );
    await runner.query(
      `UPDATE ledger_entries SET turn_ordinal = (SELECT ordinal FROM turns WHERE turns.id = turn_id)
       WHERE turn_id IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      for (const index of BY_ID[table]) await runner.createIndex(table, index);
      for (const index of BY_ORDINAL[table]) await runner.dropIndex(table, index);
      await runner.query(`ALTER TABLE ${table} DROP COLUMN ordinal`);
    }
    await runner.query('ALTER TABLE ledger_entries DROP COLUMN turn_ordinal');
    await runner.query('ALTER TABLE wallets DROP COLUMN last_ordinal');
  }
}
