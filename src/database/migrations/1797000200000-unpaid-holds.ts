import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const unpaid = new TableIndex({
  name: 'holds_unpaid',
  columnNames: ['resolved_at'],
  where: `"captured_amount" = 0 AND "state" <> 'open' AND "claim_key" IS NULL`,
});

/** Holds of which nothing was taken are found by their age, and removed. Those that were paid are not in the index. */
export class UnpaidHolds1797000200000 implements MigrationInterface {
  readonly name = 'UnpaidHolds1797000200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createIndex('holds', unpaid);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('holds', unpaid);
  }
}
