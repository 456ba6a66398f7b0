import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const TABLE = 'ledger_entries';
const where = '"turn_id" IS NOT NULL';

const ownerFirst = new TableIndex({
  name: 'ledger_entries_owner_turn',
  columnNames: ['owner_id', 'turn_id', 'seq'],
  where,
});
const turnFirst = new TableIndex({
  name: 'ledger_entries_turn',
  columnNames: ['turn_id', 'owner_id', 'seq'],
  where,
});

/**
 * The entries of one turn, found by the turn first. Ids of turns grow, so that entries of many owners are added to
 * one page of this index; by the owner first each chat wrote a page of its own.
 */
export class LedgerTurnFirst1797000300000 implements MigrationInterface {
  readonly name = 'LedgerTurnFirst1797000300000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex(TABLE, turnFirst);
    await queryRunner.dropIndex(TABLE, ownerFirst);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex(TABLE, ownerFirst);
    await queryRunner.dropIndex(TABLE, turnFirst);
  }
}
