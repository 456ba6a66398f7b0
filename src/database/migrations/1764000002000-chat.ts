import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, nullable, text, whole, word } from './columns.js';

const chat = [
  new Table({
    name: 'conversations',
    columns: [
      id('id', { isPrimary: true }),
      id('owner_id'),
      text('title'),
      text('model', nullable),
      text('system', nullable),
      id('busy_hold_id', nullable),
      whole('created_at'),
      whole('updated_at'),
    ],
    indices: [{ name: 'conversations_owner_id', columnNames: ['owner_id', 'id'] }],
  }),
  new Table({
    name: 'turns',
    columns: [
      id('id', { isPrimary: true }),
      id('owner_id'),
      id('conversation_id'),
      id('hold_id'),
      text('message'),
      text('response'),
      text('model'),
      word('status'),
      text('finish_reason'),
      text('tool_calls', nullable),
      whole('prompt_tokens'),
      whole('completion_tokens'),
      whole('amount'),
      whole('available_after'),
      id('credential_id'),
      whole('created_at'),
    ],
    indices: [
      { name: 'turns_hold_id', columnNames: ['hold_id'] },
      { name: 'turns_owner_id', columnNames: ['owner_id', 'id'] },
      { name: 'turns_conversation_id', columnNames: ['conversation_id', 'id'] },
    ],
    foreignKeys: [
      {
        name: 'turns_conversation',
        columnNames: ['conversation_id'],
        referencedTableName: 'conversations',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  }),
];

/** Conversations and their turns. */
export class Chat1764000002000 implements MigrationInterface {
  readonly name = 'Chat1764000002000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of chat) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [...chat].reverse()) await queryRunner.dropTable(table);
  }
}
