import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id } from './columns.js';

const chats = new Table({
  withoutRowid: true,
  name: 'client_chats',
  columns: [
    id('owner_id', { isPrimary: true }),
    { name: 'chat_id', type: 'varchar', length: '128', isPrimary: true },
    id('conversation_id'),
  ],
  indices: [{ name: 'client_chats_conversation_id', columnNames: ['conversation_id'] }],
  foreignKeys: [
    {
      name: 'client_chats_owner',
      columnNames: ['owner_id'],
      referencedTableName: 'users',
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
    {
      name: 'client_chats_conversation',
      columnNames: ['conversation_id'],
      referencedTableName: 'conversations',
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

/** Conversations by the ids of their clients. */
export class ClientChats1764000042000 implements MigrationInterface {
  readonly name = 'ClientChats1764000042000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(chats);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(chats);
  }
}
