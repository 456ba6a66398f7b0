import type { EntityMetadata } from 'typeorm';
import type { Database } from './data-source.js';
import { columnList } from './statements.js';

/** Rows of one page. A saved answer can have megabytes, so that few of them are in memory at once. */
const PAGE_ROWS = 200;

/** A row as the database gives it, by the names of its columns. */
export type RawRow = Readonly<Record<string, unknown>>;

const keyOf = (table: EntityMetadata) => table.primaryColumns.map((column) => column.databaseName);
const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

/** The values of a row's key as one text. */
export const keyText = (table: EntityMetadata, row: RawRow): string =>
  JSON.stringify(keyOf(table).map((name) => row[name]));

/** All rows of a table, a page at a time, in the order of the key. */
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

/** Those of some rows that another database has under the same keys, by their keys. */
export async function sameKeys(
  database: Database,
  table: EntityMetadata,
  rows: readonly RawRow[],
): Promise<Map<string, RawRow>> {
  // Of a key with several columns the first one leads to a few rows too many.
  const [first = ''] = keyOf(table);
  const wanted = [...new Set(rows.map((row) => row[first]))];
  const found = await database.statements.rows<RawRow>(
    `/* ${table.tableName}.same */ SELECT ${columnList(table)} FROM "${table.tableName}" WHERE "${first}" = ANY($1)`,
    [wanted],
  );
  return new Map(found.map((row) => [keyText(table, row), row]));
}
