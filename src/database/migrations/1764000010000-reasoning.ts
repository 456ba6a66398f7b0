import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a model thought is kept apart from its answer. Turns of before have none. */
export class Reasoning1764000010000 implements MigrationInterface {
  readonly name = 'Reasoning1764000010000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns ADD COLUMN reasoning text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns DROP COLUMN reasoning');
  }
}
