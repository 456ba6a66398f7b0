import { POSTGRES_CONNECT_TIMEOUT_MS } from './postgres/postgres-options.js';
import { openError, sqlitePathOf } from './location.js';
import { postgresUrl } from './postgres/postgres-url.js';
import { ForeignFile } from './sqlite/foreign-file.js';
import { assertSqliteFile } from './sqlite/sqlite-file.js';

const POSTGRES = /^postgres(?:ql)?:/;

/** A table of a foreign database, and the names of its columns. */
export interface ForeignTable {
  readonly name: string;
  readonly columns: ReadonlySet<string>;
}

/** The database of another program, opened read-only. All reads see it as it was at one moment. */
export interface ForeignDatabase {
  tables(): Promise<ForeignTable[]>;
  /** Runs one SELECT with parameters `$1` …, in SQL that both databases accept. */
  rows<Row>(sql: string, parameters?: readonly string[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Opens an SQLite file, by its path or as `sqlite:<path>`, or a PostgreSQL database by its URL. Throws an error
 * with one readable sentence.
 */
export async function openForeign(location: string): Promise<ForeignDatabase> {
  if (POSTGRES.test(location)) return openPostgres(location);
  const path = sqlitePathOf(location) ?? location;
  assertSqliteFile(path);
  return openSqlite(path);
}

/** Puts an SQL name in double quotes. */
export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

function byTable(rows: readonly { table: string; column: string }[]): ForeignTable[] {
  const tables = new Map<string, Set<string>>();
  for (const { table, column } of rows) {
    tables.set(table, (tables.get(table) ?? new Set()).add(column));
  }
  return [...tables].map(([name, columns]) => ({ name, columns }));
}

async function openSqlite(path: string): Promise<ForeignDatabase> {
  const file = await ForeignFile.open(path);
  const rows = <Row>(sql: string, parameters: readonly string[] = []) =>
    file.rows<Row>(sql.replaceAll(/\$(\d+)/g, '?$1'), parameters);
  return {
    rows,
    tables: async () =>
      byTable(
        await rows(
          `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`,
        ),
      ),
    close: () => file.close(),
  };
}

async function openPostgres(url: string): Promise<ForeignDatabase> {
  const { default: pg } = await import('pg');
  // The client reads the certificates that the URL names when it is created.
  const client = await Promise.resolve()
    .then(async () => {
      const made = new pg.Client({
        connectionString: postgresUrl(url),
        connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
      });
      made.on('error', () => undefined);
      await made.connect();
      return made;
    })
    .catch((error: unknown) => {
      throw openError(url, error);
    });
  const rows = async <Row>(sql: string, parameters: readonly string[] = []) =>
    (await client.query(sql, [...parameters])).rows as Row[];
  await rows('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await rows(`SET LOCAL TIME ZONE 'UTC'`);
  return {
    rows,
    tables: async () =>
      byTable(
        await rows(
          `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns WHERE table_schema = current_schema()`,
        ),
      ),
    close: () => client.end(),
  };
}
