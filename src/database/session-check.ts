import type { DataSource } from 'typeorm';

/** A pooler that chooses at random among its connections is found out after some tries. */
const TRIES = 3;

/**
 * Throws one sentence where a connection to PostgreSQL is no session of the server's own: a pooler in transaction mode
 * gives each transaction another one. Locks of a session, which tell the living processes from the dead, and prepared
 * statements would be those of somebody else there.
 */
export async function assertSessions(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type !== 'postgres') return;
  const [one, other] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  const pidOf = async (runner: typeof one) => {
    const [row] = (await runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
    return row?.pid;
  };
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await pidOf(one);
      // While this transaction is open, its session is taken: one that is shared has to change.
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
