import type { Database } from '../database/data-source.js';
import {
  withoutStatementTimeout,
  type RunStatement,
} from '../database/postgres/without-statement-timeout.js';

/** The columns with amounts of tokens. They have the same names in every table. */
const AMOUNTS = ['balance', 'held', 'entry_count', 'amount', 'captured_amount'];

/**
 * Returns the number of rows of each table and the sums of its amounts, as texts that are equal on both
 * databases.
 */
async function sumsOf(database: Database, ask: RunStatement): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  for (const { tableName, columns } of database.tables) {
    const amounts = columns.filter(({ databaseName }) => AMOUNTS.includes(databaseName));
    const select = [
      'CAST(count(*) AS text) AS "rows"',
      ...amounts.map(
        ({ databaseName: name }) => `CAST(coalesce(sum("${name}"), 0) AS text) AS "${name}"`,
      ),
    ];
    const [row = {}] = await ask<Record<string, string>>(
      `SELECT ${select.join(', ')} FROM "${tableName}"`,
    );
    for (const [name, sum] of Object.entries(row)) sums.set(`${name} of ${tableName}`, sum);
  }
  return sums;
}

/** Throws if two databases differ in a count or a sum, and names the first difference. */
export async function assertSums(source: Database, target: Database): Promise<void> {
  const expected = await withoutStatementTimeout(source, (ask) => sumsOf(source, ask));
  const found = await withoutStatementTimeout(target, (ask) => sumsOf(target, ask));
  for (const [name, sum] of expected) {
    if (found.get(name) !== sum) {
      throw new Error(`${name}: ${sum} in the source, ${String(found.get(name))} in the target`);
    }
  }
}
