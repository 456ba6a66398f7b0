import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a request said beside its message, and the turn that it went on with. Turns of before have neither. */
export class Responses1764000044000 implements MigrationInterface {
  readonly name = 'Responses1764000044000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns ADD COLUMN previous_id varchar(36)');
    await queryRunner.query('ALTER TABLE turns ADD COLUMN request text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns DROP COLUMN request');
    await queryRunner.query('ALTER TABLE turns DROP COLUMN previous_id');
  }
}
