import type { SqliteConnectionOptions } from 'typeorm/driver/sqlite/SqliteConnectionOptions.js';
import { Database, dataSourceOptions, type DatabaseOptions } from './data-source.js';
import { migrateWithoutLock } from './migrate.js';

/** A part of a schema: `trigger mint`, `column wallets.balance`, `index holds(owner_id) unique`. */
type Part = string;

/**
 * Indexes are compared by what they do, because another one may have the name of ours. Those of keys and of UNIQUE
 * constraints have no name that is stable.
 */
const PARTS = `SELECT type || ' ' || name AS part FROM sqlite_master
    WHERE type <> 'index' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  UNION ALL SELECT 'column ' || m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table'
  UNION ALL SELECT 'index ' || m.name || '(' || (
      SELECT group_concat(coalesce(x.name, 'an expression')) FROM pragma_index_xinfo(i.name) x WHERE x.key
    ) || ')' || iif(i."unique", ' unique', '') || iif(i.partial, ' ' || (
      SELECT substr(own.sql, instr(upper(own.sql), ' WHERE ') + 1) FROM sqlite_master own WHERE own.name = i.name
    ), '')
    FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'`;

async function partsOf(database: Database): Promise<Part[]> {
  const rows = await database.query<{ part: Part }[]>(PARTS);
  return rows.map(({ part }) => part);
}

/** Returns what the migrations of this release make in an empty database. */
async function migratedParts(options: DatabaseOptions): Promise<Part[]> {
  const onFile = dataSourceOptions(options) as SqliteConnectionOptions;
  const empty = new Database({ ...onFile, database: ':memory:' });
  await empty.initialize();
  try {
    await migrateWithoutLock(empty);
    return await partsOf(empty);
  } finally {
    await empty.destroy();
  }
}

/**
 * Throws for an SQLite database with another schema than the migrations of this release make. That is so if a table, a
 * column or an index is missing, or if there is a trigger. A trigger could change balances with any write, and without
 * a unique index one Idempotency-Key could charge twice. More tables, columns, indexes and views do not matter.
 * `database` is migrated, and `name` is its name in the error.
 */
export async function assertMigratedSchema(
  database: Database,
  options: DatabaseOptions,
  name: string,
): Promise<void> {
  const found = await partsOf(database);
  const trigger = found.find((part) => part.startsWith('trigger '));
  if (trigger !== undefined) throw new Error(`${name} has a part of another program: ${trigger}`);
  const existing = new Set(found);
  const missing = (await migratedParts(options)).find((part) => !existing.has(part));
  if (missing !== undefined) throw new Error(`${name} lacks a part of the schema: ${missing}`);
}
