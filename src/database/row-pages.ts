import type { EntityMetadata } from 'typeorm';
import type { Database } from './data-source.js';
import { columnList } from './statements.js';

/** Number of rows in one page. It is small because a saved answer can have megabytes. */
const PAGE_ROWS = 200;

/** A row as the database returns it, by column names. */
export type RawRow = Readonly<Record<string, unknown>>;

const keyOf = (table: EntityMetadata) => table.primaryColumns.map((column) => column.databaseName);
const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

/** Returns the values of a row's primary key as one text. */
export const keyText = (table: EntityMetadata, row: RawRow): string =>
  JSON.stringify(keyOf(table).map((name) => row[name]));

/** Returns all rows of a table, page by page, in the order of the primary key. */
export async function* pagesOf(
  database: Database,
  table: EntityMetadata,
): AsyncGenerator<RawRow[]> {
  const key = keyOf(table);
  const places = key.map((_, index) => `$${String(index + 1)}`).join(', ');
  const select = `SELECT ${columnList(table)} FROM "${table.tableName}"`;
  const order = `ORDER BY ${quoted(key)} LIMIT ${String(PAGE_ROWS)}`;
  let last: RawRow | undefined;
  for (;;) {
    const after = last ? `WHERE (${quoted(key)}) > (${places})` : '';
    const values = last ? key.map((name) => last?.[name]) : [];
    const sql = `/* ${table.tableName}.page */ ${select} ${after} ${order}`;
    const page = await database.statements.rows<RawRow>(sql, values);
    if (page.length > 0) yield page;
    last = page.at(-1);
    if (page.length < PAGE_ROWS) return;
  }
}

/** Returns the rows of this database that have the same keys as `rows`, by their keys. */
export async function rowsWithSameKeys(
  database: Database,
  table: EntityMetadata,
  rows: readonly RawRow[],
): Promise<Map<string, RawRow>> {
  // Searches by the first column of the key only, which may find a few more rows.
  const [first = ''] = keyOf(table);
  const wanted = [...new Set(rows.map((row) => row[first]))];
  const found = await database.statements.rows<RawRow>(
    `/* ${table.tableName}.same */ SELECT ${columnList(table)} FROM "${table.tableName}" WHERE "${first}" = ANY($1)`,
    [wanted],
  );
  return new Map(found.map((row) => [keyText(table, row), row]));
}
