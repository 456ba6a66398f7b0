import type { EntityManager, QueryRunner } from 'typeorm';

/** A boolean as a raw row has it: SQLite stores 0 and 1. */
export type DbBoolean = boolean | 0 | 1;

const sqliteText = new Map<string, string>();

/** `$1` is PostgreSQL's; SQLite numbers its own by appearance, and by number only as `?1`. */
function forSqlite(sql: string): string {
  let text = sqliteText.get(sql);
  if (text === undefined) {
    text = sql.replaceAll(/\$(\d+)/g, '?$1');
    sqliteText.set(sql, text);
  }
  return text;
}

/**
 * Runs one statement written once for both databases and gives the rows it returns. Start it with a
 * comment that names it: TypeORM's SQLite driver drops what `UPDATE … RETURNING` returns when the text
 * begins with `UPDATE`, and PostgreSQL's logs then show who asked.
 */
export async function rowsOf<Row>(
  runner: QueryRunner,
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  const text = runner.connection.options.type === 'sqlite' ? forSqlite(sql) : sql;
  const result = await runner.query(text, [...parameters], true);
  return result.records as Row[];
}

/** One transaction under way, handed to the work that runs in it. */
export class Tx {
  constructor(readonly manager: EntityManager) {}

  rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const runner = this.manager.queryRunner;
    if (!runner) throw new Error('a Tx outside a transaction');
    return rowsOf<Row>(runner, sql, parameters);
  }
}
