import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, nullable, text, whole } from './columns.js';

const trail = new Table({
  name: 'trail_entries',
  columns: [
    id('id', { isPrimary: true }),
    id('operator_id', nullable),
    { name: 'action', type: 'varchar', length: '20' },
    id('target_id'),
    text('reason'),
    whole('created_at'),
  ],
});

const charges = new TableIndex({
  name: 'ledger_entries_charged_at',
  columnNames: ['created_at'],
  where: `"kind" = 'charge'`,
});

/**
 * What operators did. No foreign key leads from it to a user: the trail outlives the person, without their
 * name. And the charges of everybody by time, for sums over all.
 */
export class Operators1764000031000 implements MigrationInterface {
  readonly name = 'Operators1764000031000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(trail);
    await queryRunner.createIndex('ledger_entries', charges);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('ledger_entries', charges);
    await queryRunner.dropTable(trail);
  }
}
