import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const asked = new TableIndex({
  name: 'holds_stop_asked',
  columnNames: ['process_id'],
  where: `"stop_asked_at" IS NOT NULL AND "state" = 'open'`,
});

/** The owner of an answer can have it stopped, on whichever process it runs: its hold says so. */
export class Stops1764000040100 implements MigrationInterface {
  readonly name = 'Stops1764000040100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE holds ADD COLUMN stop_asked_at bigint');
    await runner.createIndex('holds', asked);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('holds', asked);
    await runner.query('ALTER TABLE holds DROP COLUMN stop_asked_at');
  }
}
