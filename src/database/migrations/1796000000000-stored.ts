import type { MigrationInterface, QueryRunner } from 'typeorm';

/** As rows are counted from here on: about what one takes beside its texts. */
const ROW_BYTES = 400;

const TURN = ['message', 'response', 'folded', 'reasoning', 'tool_calls', 'request', 'key_name'];

const size = (...columns: readonly string[]) =>
  [String(ROW_BYTES), ...columns.map((column) => `coalesce(octet_length(${column}), 0)`)].join(
    ' + ',
  );

/**
 * Each wallet counts what is kept for its owner. What there is already is counted once: one pass over each table,
 * which reads the lengths of the texts, and on neither database the long texts themselves.
 */
export class Stored1796000000000 implements MigrationInterface {
  readonly name = 'Stored1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['wallets', 'holds'])
      await runner.query(`ALTER TABLE ${table} ADD COLUMN stored_bytes bigint NOT NULL DEFAULT 0`);
    await runner.query(
      'ALTER TABLE wallets ADD COLUMN conversation_count bigint NOT NULL DEFAULT 0',
    );
    await runner.query(
      `UPDATE wallets SET stored_bytes = stored.bytes, conversation_count = stored.conversations
       FROM (SELECT owner, sum(bytes) AS bytes, sum(conversations) AS conversations FROM (
           SELECT owner_id AS owner, ${size(...TURN)} AS bytes, 0 AS conversations FROM turns
           UNION ALL SELECT owner_id, ${size('system')}, 1 FROM conversations
           UNION ALL SELECT owner_id, ${size('chat_id')}, 0 FROM client_chats) AS rows
         GROUP BY owner) AS stored
       WHERE owner_id = stored.owner`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE wallets DROP COLUMN conversation_count');
    for (const table of ['wallets', 'holds'])
      await runner.query(`ALTER TABLE ${table} DROP COLUMN stored_bytes`);
  }
}
