import type { Database } from './data-source.js';

/** Tables without an entity: TypeORM's own, and the counters of rate limits, which need not survive a move. */
const UNMAPPED_TABLES = ['migrations', 'rate_counters'];

/** Returns the names of all tables of the database. */
export async function tableNames(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }[]>(
    database.isSqlite
      ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
      : `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
  );
  return rows.map(({ name }) => name);
}

/** Returns the names of the tables that do not belong to this service. */
export async function foreignTables(database: Database): Promise<string[]> {
  const ownTables = new Set([
    ...UNMAPPED_TABLES,
    ...database.tables.map(({ tableName }) => tableName),
  ]);
  return (await tableNames(database)).filter((name) => !ownTables.has(name));
}

/**
 * Throws if the database does not have our schema and another program has filled it. On SQLite any table proves
 * that, because a file belongs to one program. On PostgreSQL only tables with the names of our tables do.
 */
export async function assertNotForeign(database: Database): Promise<void> {
  const tables = await tableNames(database);
  if (tables.includes('migrations')) return;
  const ownTables = new Set(database.tables.map(({ tableName }) => tableName));
  const foreign = tables.filter((name) => database.isSqlite || ownTables.has(name));
  if (foreign.length === 0) return;
  throw new Error(
    `the database belongs to another program and was not changed: it has the tables ${foreign.slice(0, 5).join(', ')}`,
  );
}

/** Checks that the database holds nothing: no row of this service and no table of another program. */
export async function isEmpty(database: Database): Promise<boolean> {
  if ((await foreignTables(database)).length > 0) return false;
  const existing = new Set(await tableNames(database));
  for (const { tableName } of database.tables) {
    if (!existing.has(tableName)) continue;
    const rows = await database.query<unknown[]>(`SELECT 1 FROM "${tableName}" LIMIT 1`);
    if (rows.length > 0) return false;
  }
  return true;
}
