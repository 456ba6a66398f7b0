import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of a turn's model tokens, those that were cached and those that were thought. Of turns of before nobody knows. */
export class TokenDetails1796000050000 implements MigrationInterface {
  readonly name = 'TokenDetails1796000050000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const column of ['cached_tokens', 'reasoning_tokens'])
      await queryRunner.query(`ALTER TABLE turns ADD COLUMN ${column} bigint NOT NULL DEFAULT 0`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const column of ['reasoning_tokens', 'cached_tokens'])
      await queryRunner.query(`ALTER TABLE turns DROP COLUMN ${column}`);
  }
}
