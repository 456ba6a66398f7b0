import type { QueryRunner } from 'typeorm';

/**
 * Call first in a `down` that drops or rebuilds a table. TypeORM reverts inside a transaction, where SQLite
 * keeps foreign keys on: a table that is dropped would then take the rows of others along. Without effect on
 * PostgreSQL.
 */
export async function suspendForeignKeys(runner: QueryRunner): Promise<void> {
  if (runner.connection.options.type !== 'sqlite') return;
  await runner.commitTransaction();
  await runner.query('PRAGMA foreign_keys = OFF');
  await runner.startTransaction();
}
