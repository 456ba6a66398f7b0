import { MigrationExecutor, type DataSource } from 'typeorm';

/** One lock for all processes that start on one PostgreSQL; the number means nothing else. */
const MIGRATION_LOCK = 0x7a11c4a7;

/**
 * Brings the schema up to date. Of several processes that start at once on PostgreSQL, one migrates and
 * the rest wait. On SQLite the caller has the process lease, so that nobody else is at it.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  // The lock's own connection migrates: from a small pool there may be no other.
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'each';
  try {
    if (dataSource.options.type === 'postgres') {
      await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    }
    await executor.executePendingMigrations();
  } finally {
    if (dataSource.options.type === 'postgres') {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
    await runner.release();
  }
}

/** Throws, with nothing changed, where a migration is missing: a command leaves that to the service. */
export async function assertMigrated(dataSource: DataSource): Promise<void> {
  const pending = await new MigrationExecutor(dataSource).getPendingMigrations();
  if (pending.length === 0) return;
  throw new Error('the schema is not up to date: start the service once, and it migrates');
}
