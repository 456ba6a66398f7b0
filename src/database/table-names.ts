import type { Database } from './data-source.js';

/** Tables that no entity maps: TypeORM's own, and counters that nobody misses after a move. */
const UNMAPPED = ['migrations', 'rate_counters'];

/** The names of the tables that there are. */
export async function tableNames(database: Database): Promise<string[]> {
  const rows = await database.query<{ name: string }[]>(
    database.isSqlite
      ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
      : `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
  );
  return rows.map(({ name }) => name);
}

/** The tables that are not of this service. */
export async function foreignTables(database: Database): Promise<string[]> {
  const ours = new Set([...UNMAPPED, ...database.tables.map(({ tableName }) => tableName)]);
  return (await tableNames(database)).filter((name) => !ours.has(name));
}

/**
 * Throws for a database without our schema that another program has filled. On SQLite any table says so, since a file
 * has one program; on PostgreSQL those that have the names of ours.
 */
export async function assertNoOther(database: Database): Promise<void> {
  const tables = await tableNames(database);
  if (tables.includes('migrations')) return;
  const ours = new Set(database.tables.map(({ tableName }) => tableName));
  const theirs = tables.filter((name) => database.isSqlite || ours.has(name));
  if (theirs.length === 0) return;
  throw new Error(
    `the database is another program's, and stays as it is: it has the tables ${theirs.slice(0, 5).join(', ')}`,
  );
}

/** Whether nothing would be lost with the database: it has no row of this service, and no table of another. */
export async function isEmpty(database: Database): Promise<boolean> {
  if ((await foreignTables(database)).length > 0) return false;
  const there = new Set(await tableNames(database));
  for (const { tableName } of database.tables) {
    if (!there.has(tableName)) continue;
    const rows = await database.query<unknown[]>(`SELECT 1 FROM "${tableName}" LIMIT 1`);
    if (rows.length > 0) return false;
  }
  return true;
}
