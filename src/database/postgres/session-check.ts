import type { DataSource } from 'typeorm';

/** Number of attempts. A pooler that picks connections at random is detected after some of them. */
const ATTEMPTS_MAX = 3;

/**
 * Throws an error with one sentence if a connection to PostgreSQL is not a session of the server. A pooler in
 * transaction mode gives each transaction another session. Session locks, which show which processes still run, and
 * prepared statements would then belong to another client.
 */
export async function assertSessions(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type !== 'postgres') return;
  const [one, other] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  const pidOf = async (runner: typeof one) => {
    const [row] = (await runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
    return row?.pid;
  };
  try {
    for (let tries = 0; tries < ATTEMPTS_MAX; tries += 1) {
      const before = await pidOf(one);
      // This transaction keeps its session while it is open. So a shared session has to change.
      await other.query('BEGIN');
      const isShared = (await pidOf(other)) === before || (await pidOf(one)) !== before;
      await other.query('ROLLBACK');
      if (isShared) throw new Error(REFUSAL);
    }
  } finally {
    await Promise.all([one.release(), other.release()]);
  }
}

const REFUSAL =
  'DATABASE_URL leads through a pooler in transaction mode, which gives one connection several sessions of PostgreSQL: connect directly, or through a pooler in session mode';
