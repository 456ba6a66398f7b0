import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';
import { whole } from './columns.js';

const lists = new Table({
  name: 'numbered_lists',
  withoutRowid: true,
  columns: [
    { name: 'name', type: 'varchar', length: '20', isPrimary: true },
    whole('last_ordinal'),
  ],
});

const TABLES = ['users', 'trail_entries'] as const;

const byOrdinal = (table: string) =>
  new TableIndex({ name: `${table}_ordinal`, columnNames: ['ordinal', 'id'] });

/**
 * Users and the trail are numbered in the order of saving, as turns are. No row is rewritten: those that there are keep
 * 0, as do those of processes of an older release, and stand before all others in the order of their ids.
 */
export class NumberedLists1797100000000 implements MigrationInterface {
  readonly name = 'NumberedLists1797100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(lists);
    for (const table of TABLES) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ordinal bigint NOT NULL DEFAULT 0`);
      await runner.createIndex(table, byOrdinal(table));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await runner.dropIndex(table, byOrdinal(table));
      await runner.query(`ALTER TABLE ${table} DROP COLUMN ordinal`);
    }
    await runner.dropTable(lists);
  }
}
