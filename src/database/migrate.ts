import { crc32 } from 'node:zlib';
import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import type { Database } from './data-source.js';
import { assertNotForeign } from './table-names.js';
import { withoutTimeouts } from './postgres/without-statement-timeout.js';

/** The advisory lock of all processes that start on one PostgreSQL database. The number has no other meaning. */
export const MIGRATION_LOCK = 0x7a11c4a7;

/**
 * Runs `work`, which changes the schema, under a lock. If several processes start at once on PostgreSQL, one runs
 * and the others wait. On SQLite the caller holds the process lease, so no other process works on the file.
 */
async function withMigrationLock<T>(
  dataSource: DataSource,
  work: (executor: MigrationExecutor, runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  // The connection that has the lock also runs the migrations, because a small pool may have no other.
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'each';
  const checked = async () => {
    await assertKnown(dataSource, executor);
    return work(executor, runner);
  };
  try {
    if (dataSource.options.type !== 'postgres') return await checked();
    // On a large database one statement of a migration takes minutes, and other processes wait as long for the lock.
    return await withoutTimeouts(runner, () => withAdvisoryLock(runner, checked));
  } finally {
    await runner.release();
  }
}

/**
 * A migration that waits for a lock of a table, for example behind `pg_dump`, makes every other query of the table wait
 * behind it. So it waits for a short time and then fails. Its own work has no limit.
 */
const TABLE_LOCK_TIMEOUT = '10s';

async function withAdvisoryLock<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await runner.query(`SET lock_timeout = '${TABLE_LOCK_TIMEOUT}'`);
    return await work();
  } finally {
    await runner.query('RESET lock_timeout');
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

/** Runs the pending migrations, and returns their names. Throws if a newer release has changed the database. */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const done = await withMigrationLock(dataSource, (executor) =>
    executor.executePendingMigrations(),
  );
  return done.map(({ name }) => name);
}

/** Runs the pending migrations without a lock, for a caller that has taken the database with `takeExclusively`. */
export async function migrateWithoutLock(dataSource: DataSource): Promise<void> {
  const executor = new MigrationExecutor(dataSource);
  executor.transaction = 'each';
  await assertKnown(dataSource, executor);
  await executor.executePendingMigrations();
}

/**
 * Reverts the last migration, and returns its name. Returns undefined if there is none. Throws, and changes nothing,
 * if a process of a release that needs this migration serves the database. A process of an older release continues.
 */
export function revertLast(dataSource: DataSource): Promise<string | undefined> {
  return withMigrationLock(dataSource, async (executor, runner) => {
    const [last] = await executor.getExecutedMigrations();
    if (!last) return undefined;
    if (dataSource.options.type === 'postgres') await assertUnneeded(runner, last.name);
    await executor.undoLastMigration();
    return last.name;
  });
}

/**
 * The first half of the keys of the advisory locks that show which schemas running processes need. The second half
 * comes from the newest migration of their release.
 */
const SCHEMA_SPACE = 0x7a12;

const schemaKey = (migration: string) => crc32(migration) >>> 1;

/**
 * Shows, for as long as the connection of `runner` lasts, that this process needs the newest migration of its release.
 */
export async function needNewest(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  const newest = namesOf(dataSource).at(-1) ?? '';
  await runner.query('SELECT pg_advisory_lock_shared($1, $2)', [SCHEMA_SPACE, schemaKey(newest)]);
}

async function assertUnneeded(runner: QueryRunner, migration: string): Promise<void> {
  const needed = (await runner.query(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND objsubid = 2 AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`,
    [SCHEMA_SPACE, schemaKey(migration)],
  )) as unknown[];
  if (needed.length === 0) return;
  throw new Error(`a process that needs ${migration} serves this database: stop it first`);
}

/** A migration, and whether this database has run it. */
interface MigrationState {
  readonly name: string;
  readonly isDone: boolean;
  /** Whether this release has the migration. False for one of a newer release. */
  readonly isKnown: boolean;
}

/** Returns the names of this release's migrations, oldest first. */
const namesOf = ({ migrations }: DataSource) =>
  migrations.map((migration) => migration.name ?? migration.constructor.name);

/** Returns every migration, oldest first: those of this release, then those that this release does not know. */
export async function listMigrations(dataSource: DataSource): Promise<MigrationState[]> {
  const executor = new MigrationExecutor(dataSource);
  const done = (await executor.getExecutedMigrations()).map(({ name }) => name);
  const known = namesOf(dataSource);
  const unknown = done.filter((name) => !known.includes(name)).reverse();
  return [
    ...known.map((name) => ({ name, isDone: done.includes(name), isKnown: true })),
    ...unknown.map((name) => ({ name, isDone: true, isKnown: false })),
  ];
}

/**
 * Throws, and changes nothing, in three cases:
 * - A migration is pending. Only the service migrates, not a command.
 * - The database has a migration that this release does not know.
 * - The database belongs to another program.
 */
export async function assertMigrated(database: Database): Promise<void> {
  const executor = new MigrationExecutor(database);
  await assertNotForeign(database);
  await assertKnown(database, executor);
  const pending = await executor.getPendingMigrations();
  if (pending.length === 0) return;
  throw new Error('the schema is not up to date: start the service once, and it migrates');
}

/** Throws if a newer release has changed the schema. This release would write to it by the old rules. */
async function assertKnown(dataSource: DataSource, executor: MigrationExecutor): Promise<void> {
  const known = namesOf(dataSource);
  const executed = await executor.getExecutedMigrations();
  const unknown = executed.map(({ name }) => name).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `the database is of a newer release: it has ${unknown.reverse().join(', ')}, which this release does not know`,
  );
}
