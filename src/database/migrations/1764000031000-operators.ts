import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, nullable, text, whole } from './columns.js';

const trail = new Table({
  name: 'trail_entries',
  withoutRowid: true,
  columns: [
    id('id', { isPrimary: true }),
    id('operator_id', nullable),
    { name: 'action', type: 'varchar', length: '20' },
    id('target_id'),
    text('reason'),
    whole('created_at'),
  ],
});

/**
 * What operators did. No foreign key leads from it to a user: the trail outlives the person, without their
 * name.
 */
export class Operators1764000031000 implements MigrationInterface {
  readonly name = 'Operators1764000031000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(trail);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(trail);
  }
}
