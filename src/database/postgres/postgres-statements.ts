import type { QueryResult } from 'pg';
import { QueryFailedError, type DataSource, type EntityMetadata } from 'typeorm';
import { toServiceError } from '../service-errors.js';
import { columnList, type Insertion, type Statements } from '../statements.js';

/** The part of `pg` that runs a statement: a pool, or one client of it. */
interface Queryable {
  query(query: { name: string; text: string; values: unknown[] }): Promise<QueryResult>;
}

/** The name of each prepared statement by its SQL text. The number of texts is fixed, so the map is bounded. */
const names = new Map<string, string>();
/** The SQL texts that insert rows, by the names of their tables. */
const inserts = new Map<string, string>();

function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `s${String(names.size)}`;
    names.set(sql, name);
  }
  return name;
}

/** Runs prepared statements on PostgreSQL, on a pool or on the one client of a transaction. */
export class PostgresStatements implements Statements {
  constructor(
    private readonly dataSource: DataSource,
    private readonly on: Queryable,
  ) {}

  async rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const values = [...parameters];
    this.dataSource.logger.logQuery(sql, values);
    try {
      const result = await this.on.query({ name: nameOf(sql), text: sql, values });
      return result.rows as Row[];
    } catch (error) {
      throw toServiceError(new QueryFailedError(sql, values, error as Error));
    }
  }

  /**
   * Inserts all rows with one statement. Foreign keys are checked at its end, so the order does not matter. Each
   * table has one parameter, so one prepared text fits any number of rows.
   */
  async insert(insertions: readonly Insertion[]): Promise<void> {
    if (insertions.length === 0) return;
    const rows = new Map<EntityMetadata, object[]>();
    for (const { table, values } of insertions) {
      const row = Object.fromEntries(
        table.columns.map((column, index) => [column.databaseName, values[index]]),
      );
      const others = rows.get(table);
      if (others) others.push(row);
      else rows.set(table, [row]);
    }
    await this.rows(
      insertInto([...rows.keys()]),
      [...rows.values()].map((all) => JSON.stringify(all)),
    );
  }
}

function insertInto(tables: readonly EntityMetadata[]): string {
  const key = tables.map(({ tableName }) => tableName).join('+');
  let sql = inserts.get(key);
  if (sql === undefined) {
    const parts = tables.map((table, index) => {
      const columns = columnList(table);
      const n = String(index + 1);
      return `i${n} AS (INSERT INTO "${table.tableName}" (${columns})
        SELECT ${columns} FROM json_populate_recordset(NULL::"${table.tableName}", $${n}))`;
    });
    sql = `/* ${key}.insert */ WITH ${parts.join(', ')} SELECT 1`;
    inserts.set(key, sql);
  }
  return sql;
}
