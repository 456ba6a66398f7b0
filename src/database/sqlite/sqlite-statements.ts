import type { Database, Statement } from 'sqlite3';
import { QueryFailedError, type DataSource, type EntityMetadata } from 'typeorm';
import { toServiceError } from '../service-errors.js';
import { columnList, type EntityClass, type Insertion, type Statements } from '../statements.js';

/**
 * Runs statements on SQLite's one connection and prepares each of them once. An unprepared statement costs a second
 * trip through the thread pool, and these trips are the main cost of a request. The number of texts is bounded, so
 * all prepared statements are kept: an INSERT has one for each set of columns that are written, most tables a few.
 */
export class SqliteStatements implements Statements {
  private readonly prepared = new Map<string, Promise<Statement>>();
  private readonly inserts = new Map<string, string>();

  constructor(private readonly dataSource: DataSource) {}

  async rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    this.dataSource.logger.logQuery(sql, parameters as unknown[]);
    const statement = await this.prepare(sql);
    const values = parameters.map((value) =>
      Array.isArray(value) ? JSON.stringify(value) : value,
    );
    return new Promise((resolve, reject) => {
      statement.all<Row>(values, (error, rows) => {
        if (error) reject(toServiceError(new QueryFailedError(sql, [...parameters], error)));
        else resolve(rows);
      });
    });
  }

  /** Inserts rows with one statement for each table, in the order of the entities: referenced tables come first. */
  async insert(insertions: readonly Insertion[]): Promise<void> {
    if (insertions.length === 0) return;
    const rowsByTable = new Map<EntityMetadata, Insertion['values'][]>();
    for (const { table, values } of insertions) {
      const rows = rowsByTable.get(table);
      if (rows) rows.push(values);
      else rowsByTable.set(table, [values]);
    }
    for (const entity of this.dataSource.options.entities as EntityClass[]) {
      const table = this.dataSource.getMetadata(entity);
      const rows = rowsByTable.get(table);
      if (rows) await this.rows(this.insertInto(table, rows), [rows]);
    }
  }

  /** Finalizes all prepared statements. The connection cannot be closed before. */
  async finalize(): Promise<void> {
    const statements = await Promise.allSettled(this.prepared.values());
    this.prepared.clear();
    for (const statement of statements) {
      if (statement.status !== 'fulfilled') continue;
      await new Promise<void>((resolve) =>
        statement.value.finalize(() => {
          resolve();
        }),
      );
    }
  }

  /**
   * Returns a statement with one parameter, a JSON list of rows. So one prepared text fits any number of rows. Columns
   * that are null in all of these rows are left out, because it costs as much to read a null from JSON as any other value.
   * The rows are materialized, because SQLite would otherwise copy a row for each of its columns.
   */
  private insertInto(table: EntityMetadata, rows: readonly Insertion['values'][]): string {
    const written = table.columns.map(
      ({ isNullable }, index) => !isNullable || rows.some((values) => values[index] != null),
    );
    const key = `${table.tableName} ${written.map(Number).join('')}`;
    let sql = this.inserts.get(key);
    if (sql === undefined) {
      const columns = table.columns.filter((_, index) => written[index]);
      const values = columns.map((column) => `fields ->> ${String(table.columns.indexOf(column))}`);
      sql = `/* ${table.tableName}.insert */ WITH given(fields) AS MATERIALIZED (SELECT value FROM json_each($1))
             INSERT INTO "${table.tableName}" (${columnList({ columns })}) SELECT ${values.join(', ')} FROM given`;
      this.inserts.set(key, sql);
    }
    return sql;
  }

  private prepare(sql: string): Promise<Statement> {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = new Promise((resolve, reject) => {
        const prepared = this.connection.prepare(toSqlite(sql), (error: Error | null) => {
          if (error) reject(toServiceError(new QueryFailedError(sql, [], error)));
          else resolve(prepared);
        });
      });
      this.prepared.set(sql, statement);
      statement.catch(() => this.prepared.delete(sql));
    }
    return statement;
  }

  private get connection(): Database {
    return (this.dataSource.driver as unknown as { databaseConnection: Database })
      .databaseConnection;
  }
}

/**
 * Translates a statement to SQLite's dialect.
 * - Parameters: SQLite numbers `$1` by its first appearance, so it becomes `?1`.
 * - Lists arrive as JSON. `json_each` would write and parse each element again; `jsonb_each` does not.
 * - Row locks are removed, because SQLite has one writer.
 * - Collations are removed. SQLite's `lower` changes only A to Z, like PostgreSQL's with the collation C.
 */
function toSqlite(sql: string): string {
  return sql
    .replaceAll('FOR NO KEY UPDATE SKIP LOCKED', '')
    .replaceAll(' COLLATE "C"', '')
    .replaceAll('strpos(', 'instr(')
    .replaceAll(/= ANY\(\$(\d+)\)/g, 'IN (SELECT value FROM json_each(?$1))')
    .replaceAll('json_each(', 'jsonb_each(')
    .replaceAll(/\$(\d+)/g, '?$1');
}
