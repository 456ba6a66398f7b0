import type { Database } from './data-source.js';
import { DatabaseInUse, FileLease } from './sqlite/file-lease.js';
import { MIGRATION_LOCK } from './migrate.js';
import { LOCK_SPACE } from './process-lease.js';

/**
 * Takes the database for this process alone. No other process can serve it until the returned function is called.
 * On PostgreSQL, a service that starts in the meantime waits. Throws `DatabaseInUse` if a process serves the database
 * now, or if another command has taken it.
 */
export async function takeExclusively(database: Database): Promise<() => Promise<void>> {
  if (database.sqlitePath !== undefined) {
    const lease = await FileLease.take(database.sqlitePath);
    return () => lease.release();
  }
  const runner = database.createQueryRunner();
  const queryBoolean = async (sql: string) => {
    const [row] = (await runner.query(sql)) as { yes: boolean }[];
    return row?.yes === true;
  };
  const release = async () => {
    await runner.query(`SELECT pg_advisory_unlock(${String(MIGRATION_LOCK)})`);
    await runner.release();
  };
  // A process that starts takes its own lease first and then this lock. So either its lease is seen below, or
  // it waits.
  if (!(await queryBoolean(`SELECT pg_try_advisory_lock(${String(MIGRATION_LOCK)}) AS yes`))) {
    await runner.release();
    throw new DatabaseInUse('another process migrates or moves this PostgreSQL database');
  }
  const isServed = await queryBoolean(
    `SELECT count(*) > 0 AS yes FROM pg_locks
     WHERE locktype = 'advisory' AND classid = ${String(LOCK_SPACE)} AND objsubid = 2 AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  if (!isServed) return release;
  await release();
  throw new DatabaseInUse('a process serves this PostgreSQL database: stop it first');
}
