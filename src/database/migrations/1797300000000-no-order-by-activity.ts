import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const byActivity = new TableIndex({
  name: 'conversations_owner_updated',
  columnNames: ['owner_id', 'updated_at', 'id'],
});

/**
 * Every message wrote an entry of this index, for each owner on another page. Only one order of the list of conversations
 * used it, and that list examines the conversations of one owner instead.
 */
export class NoOrderByActivity1797300000000 implements MigrationInterface {
  readonly name = 'NoOrderByActivity1797300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('conversations', byActivity);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex('conversations', byActivity);
  }
}
