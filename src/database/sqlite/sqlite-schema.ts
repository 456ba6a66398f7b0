import type { SqliteConnectionOptions } from 'typeorm/driver/sqlite/SqliteConnectionOptions.js';
import { Database, dataSourceOptions, type DatabaseOptions } from '../data-source.js';
import { migrateWithoutLock } from '../migrate.js';
import { readDefinition } from './sqlite-definition.js';

/** A part of a schema: `trigger mint`, `column wallets.balance bigint NOT NULL`, `index holds(owner_id) unique`. */
type Part = string;

/**
 * Indexes are compared by what they do, because another one may have the name of ours. Those of keys and of UNIQUE
 * constraints have no name that is stable.
 */
const PARTS = `SELECT type || ' ' || name AS part FROM sqlite_master
    WHERE type <> 'index' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  UNION ALL SELECT 'column ' || m.name || '.' || c.name || ' ' || lower(c.type)
      || iif(c."notnull", ' NOT NULL', '') || coalesce(' DEFAULT ' || c.dflt_value, '')
    FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
  UNION ALL SELECT 'foreign key ' || m.name || '.' || f."from" || ' to ' || f."table" || ' ON DELETE ' || f.on_delete
    FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
  UNION ALL SELECT 'index ' || m.name || '(' || (
      SELECT group_concat(coalesce(x.name, 'an expression')) FROM pragma_index_xinfo(i.name) x WHERE x.key
    ) || ')' || iif(i."unique", ' unique', '') || iif(i.partial, ' ' || (
      SELECT substr(own.sql, instr(upper(own.sql), ' WHERE ') + 1) FROM sqlite_master own WHERE own.name = i.name
    ), '')
    FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'`;

async function partsOf(database: Database): Promise<Part[]> {
  const rows = await database.query<{ part: Part }[]>(PARTS);
  const tables = await database.query<{ name: string; sql: string }[]>(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL",
  );
  return [...rows.map(({ part }) => part), ...tables.flatMap(constraintsOf)];
}

function constraintsOf({ name, sql }: { name: string; sql: string }): Part[] {
  const { checks, hasConflictClause } = readDefinition(sql);
  const parts = checks.map((check) => `CHECK of ${name}: ${check}`);
  return hasConflictClause ? [...parts, `ON CONFLICT of ${name}`] : parts;
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

const isForeign = (part: Part) => part.startsWith('trigger ') || part.startsWith('ON CONFLICT ');

/**
 * Throws for an SQLite database with another schema than the migrations of this release make. That is so if a table, a
 * column, its type, an index, a foreign key or a CHECK constraint is missing, or if there is a trigger or an ON CONFLICT
 * clause. A trigger could change balances with any write, a constraint that replaces rows could delete from the ledger,
 * and without a unique index one Idempotency-Key could charge twice. More tables, columns, constraints, indexes and views
 * do not matter. `database` is migrated, and `name` is its name in the error.
 */
export async function assertMigratedSchema(
  database: Database,
  options: DatabaseOptions,
  name: string,
): Promise<void> {
  const found = await partsOf(database);
  const foreign = found.find(isForeign);
  if (foreign !== undefined) throw new Error(`${name} has a part of another program: ${foreign}`);
  const existing = new Set(found);
  const missing = (await migratedParts(options)).find((part) => !existing.has(part));
  if (missing !== undefined) throw new Error(`${name} lacks a part of the schema: ${missing}`);
}
