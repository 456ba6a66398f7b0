import { MigrationExecutor, type DataSource } from 'typeorm';
import type { Database } from './data-source.js';
import { assertNoOther } from './table-names.js';

/** One lock for all processes that start on one PostgreSQL; the number means nothing else. */
export const MIGRATION_LOCK = 0x7a11c4a7;

/**
 * Changes the schema. Of several processes that start at once on PostgreSQL, one does and the rest wait.
 * On SQLite the caller has the process lease, so that nobody else is at it.
 */
async function alone<T>(
  dataSource: DataSource,
  work: (executor: MigrationExecutor) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  // The lock's own connection migrates: from a small pool there may be no other.
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'each';
  try {
    if (dataSource.options.type === 'postgres') {
      await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    }
    await assertKnown(dataSource, executor);
    return await work(executor);
  } finally {
    if (dataSource.options.type === 'postgres') {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
    await runner.release();
  }
}

/** Brings the schema up to date, and tells which migrations it ran. Throws for a newer release's database. */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const done = await alone(dataSource, (executor) => executor.executePendingMigrations());
  return done.map(({ name }) => name);
}

/** The same for who has the database alone, by `takeAlone`: the lock is theirs already. */
export async function migrateAlone(dataSource: DataSource): Promise<void> {
  const executor = new MigrationExecutor(dataSource);
  executor.transaction = 'each';
  await assertKnown(dataSource, executor);
  await executor.executePendingMigrations();
}

/** Undoes the last migration, and tells which; undefined where there is none. */
export function revertLast(dataSource: DataSource): Promise<string | undefined> {
  return alone(dataSource, async (executor) => {
    const [last] = await executor.getExecutedMigrations();
    if (last) await executor.undoLastMigration();
    return last?.name;
  });
}

/** A migration, and whether this database has it. */
interface MigrationState {
  readonly name: string;
  readonly isDone: boolean;
  /** Whether this release has it; a newer one's it has not. */
  readonly isKnown: boolean;
}

/** The migrations of this release, oldest first. */
const namesOf = ({ migrations }: DataSource) =>
  migrations.map((migration) => migration.name ?? migration.constructor.name);

/** Every migration, oldest first: those of this release, then those that it does not know. */
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
 * Throws, with nothing changed, where a migration is missing, for a command leaves that to the service, where
 * there is one that this release does not know, or where the database is another program's.
 */
export async function assertMigrated(database: Database): Promise<void> {
  const executor = new MigrationExecutor(database);
  await assertNoOther(database);
  await assertKnown(database, executor);
  const pending = await executor.getPendingMigrations();
  if (pending.length === 0) return;
  throw new Error('the schema is not up to date: start the service once, and it migrates');
}

/** What a newer release has changed, this one would write by the old rules. */
async function assertKnown(dataSource: DataSource, executor: MigrationExecutor): Promise<void> {
  const known = namesOf(dataSource);
  const executed = await executor.getExecutedMigrations();
  const unknown = executed.map(({ name }) => name).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `the database is of a newer release: it has ${unknown.reverse().join(', ')}, which this release does not know`,
  );
}
