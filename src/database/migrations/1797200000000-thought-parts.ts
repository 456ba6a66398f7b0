import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the parts of the thinking that providers want back, signed or encrypted. Earlier turns have none. */
export class ThoughtParts1797200000000 implements MigrationInterface {
  readonly name = 'ThoughtParts1797200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns ADD COLUMN thought_parts text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns DROP COLUMN thought_parts');
  }
}
