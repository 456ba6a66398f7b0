import type pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { type Database } from '../data-source.js';
import { POSTGRES_STATEMENT_TIMEOUT_MS } from './postgres-options.js';
import { withoutSilenceLimit } from './server-silence.js';

/** Runs one statement and returns its rows. */
export type RunStatement = <Row>(sql: string) => Promise<Row[]>;

/** Runs statements that read whole tables, without the statement timeout of requests. */
export async function withoutStatementTimeout<T>(
  database: Database,
  work: (runStatement: RunStatement) => Promise<T>,
): Promise<T> {
  if (database.isSqlite) return work((sql) => database.query(sql));
  const runner = database.createQueryRunner();
  try {
    return await withoutTimeouts(runner, () =>
      work(async <Row>(sql: string) => (await runner.query(sql)) as Row[]),
    );
  } finally {
    await runner.release();
  }
}

/** Runs `work` without the timeouts that a connection to PostgreSQL has for requests. They apply again afterwards. */
export async function withoutTimeouts<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  const client = (await runner.connect()) as pg.PoolClient & pg.Client;
  await runner.query('SET statement_timeout = 0');
  try {
    return await withoutSilenceLimit(client, work);
  } finally {
    const timeout = String(POSTGRES_STATEMENT_TIMEOUT_MS);
    await runner.query(`SET statement_timeout = ${timeout}`).catch(() => undefined);
  }
}
