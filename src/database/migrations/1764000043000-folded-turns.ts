import type { MigrationInterface, QueryRunner } from 'typeorm';
import { foldedBeside } from '../folded-text.js';

/** With each turn as long as it may be, some megabytes. */
const BATCH_ROWS = 20;

interface Row {
  readonly id: string;
  readonly message: string;
  readonly response: string;
}

/** Turns with letters beyond A to Z are kept folded too, for searches. Those of before are folded batch by batch. */
export class FoldedTurns1764000043000 implements MigrationInterface {
  readonly name = 'FoldedTurns1764000043000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns ADD COLUMN folded text');
    let last = '';
    for (;;) {
      const rows = (await queryRunner.query(
        `SELECT id, message, response FROM turns WHERE id > '${last}'
           AND (octet_length(message) > length(message) OR octet_length(response) > length(response))
         ORDER BY id LIMIT ${String(BATCH_ROWS)}`,
      )) as Row[];
      for (const { id, message, response } of rows) {
        const text = foldedBeside(message, response);
        if (text === null) continue;
        await queryRunner.query(updateOn(queryRunner), [text, id]);
      }
      if (rows.length < BATCH_ROWS) return;
      last = rows.at(-1)?.id ?? '';
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE turns DROP COLUMN folded');
  }
}

const updateOn = ({ connection }: QueryRunner) =>
  connection.options.type === 'postgres'
    ? 'UPDATE turns SET folded = $1 WHERE id = $2'
    : 'UPDATE turns SET folded = ?1 WHERE id = ?2';
