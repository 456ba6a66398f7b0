import type { QueryResult } from 'pg';
import { QueryFailedError, type DataSource } from 'typeorm';
import { columnList, type Insertion, type Statements } from './statements.js';

/** What of `pg` runs a statement: a pool, or one client of it. */
interface Queryable {
  query(query: { name: string; text: string; values: unknown[] }): Promise<QueryResult>;
}

/** The name under which each text is prepared, once on each connection. The texts are a closed set. */
const names = new Map<string, string>();
/** The texts that write these tables, by the tables' names. */
const inserts = new Map<string, string>();

function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `s${String(names.size)}`;
    names.set(sql, name);
  }
  return name;
}

/** Prepared statements on PostgreSQL, on a pool or on the one client of a transaction. */
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
      throw new QueryFailedError(sql, values, error as Error);
    }
  }

  /** One statement for all: foreign keys are checked at its end, so the order does not matter. */
  async insert(insertions: readonly Insertion[]): Promise<void> {
    if (insertions.length === 0) return;
    const key = insertions.map(({ table }) => table.tableName).join('+');
    let sql = inserts.get(key);
    if (sql === undefined) {
      sql = insertAll(key, insertions);
      inserts.set(key, sql);
    }
    await this.rows(
      sql,
      insertions.flatMap(({ values }) => values),
    );
  }
}

function insertAll(key: string, insertions: readonly Insertion[]): string {
  let parameters = 0;
  const parts = insertions.map(({ table, values }, index) => {
    const list = values.map(() => `$${String((parameters += 1))}`).join(', ');
    return `i${String(index)} AS (INSERT INTO "${table.tableName}" (${columnList(table)}) VALUES (${list}))`;
  });
  return `/* ${key}.insert */ WITH ${parts.join(', ')} SELECT 1`;
}
