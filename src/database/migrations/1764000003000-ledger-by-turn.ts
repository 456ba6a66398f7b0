import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const TABLE = 'ledger_entries';

const byTurn = new TableIndex({ name: 'ledger_entries_turn_id', columnNames: ['turn_id'] });
const byOwnerAndTurn = new TableIndex({
  name: 'ledger_entries_owner_turn',
  columnNames: ['owner_id', 'turn_id', 'seq'],
  where: '"turn_id" IS NOT NULL',
});

/**
 * The entries of one turn, in order. By `turn_id` alone SQLite rather read the owner's whole ledger in its
 * order, and PostgreSQL sorted.
 */
export class LedgerByTurn1764000003000 implements MigrationInterface {
  readonly name = 'LedgerByTurn1764000003000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex(TABLE, byOwnerAndTurn);
    await queryRunner.dropIndex(TABLE, byTurn);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex(TABLE, byTurn);
    await queryRunner.dropIndex(TABLE, byOwnerAndTurn);
  }
}
