import type pg from 'pg';
import { POSTGRES_STATEMENT_TIMEOUT_MS, type Database } from './data-source.js';
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
    await runner.query('SET statement_timeout = 0');
    const client = (await runner.connect()) as pg.PoolClient & pg.Client;
    return await withoutSilenceLimit(client, () =>
      work(async <Row>(sql: string) => (await runner.query(sql)) as Row[]),
    );
  } finally {
    const timeout = String(POSTGRES_STATEMENT_TIMEOUT_MS);
    await runner.query(`SET statement_timeout = ${timeout}`).catch(() => undefined);
    await runner.release();
  }
}
