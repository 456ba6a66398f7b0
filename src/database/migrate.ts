import type { DataSource } from 'typeorm';

/** One lock for all processes that start on one PostgreSQL; the number means nothing else. */
const MIGRATION_LOCK = 0x7a11c4a7;

/** Brings the schema up to date. Of several processes that start at once, one migrates and the rest wait. */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type === 'sqlite') {
    await dataSource.runMigrations({ transaction: 'each' });
    return;
  }
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    await runner.release();
  }
}
