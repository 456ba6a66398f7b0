import type { Database } from './data-source.js';
import {
  withoutStatementTimeout,
  type RunStatement,
} from './postgres/without-statement-timeout.js';

const FAULTS_MAX = 10;

/**
 * Returns the faults that the database itself finds, at most ten lines of each kind. PostgreSQL checks its pages
 * when it reads them, so there only foreign keys are checked: they may have been switched off while rows were
 * loaded.
 */
export async function databaseFaults(database: Database): Promise<string[]> {
  return database.isSqlite
    ? faultsOfFile(database)
    : withoutStatementTimeout(database, danglingReferences);
}

async function faultsOfFile(database: Database): Promise<string[]> {
  const read = database.statements;
  const integrity = await read.rows<{ integrity_check: string }>(
    `PRAGMA integrity_check(${String(FAULTS_MAX)})`,
    [],
  );
  const lines = integrity.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  const references = await read.rows<{ table: string; parent: string; count: number }>(
    `/* audit.references */ SELECT "table", parent, count(*) AS count FROM pragma_foreign_key_check
     GROUP BY "table", parent LIMIT ${String(FAULTS_MAX)}`,
    [],
  );
  const dangling = references.map((row) => toSentence(row.table, row.parent, row.count));
  return [...lines.map((line) => `SQLite finds the file damaged: ${line}`), ...dangling];
}

const toSentence = (table: string, parent: string, count: number) =>
  `rows of ${table} whose row in ${parent} is missing: ${String(count)}`;

async function danglingReferences(runStatement: RunStatement): Promise<string[]> {
  const keys = await runStatement<Record<'child' | 'parent' | 'column' | 'target', string>>(
    `SELECT k.conrelid::regclass AS child, k.confrelid::regclass AS parent,
       quote_ident(c.attname) AS column, quote_ident(t.attname) AS target
     FROM pg_constraint k
       JOIN pg_attribute c ON c.attrelid = k.conrelid AND c.attnum = k.conkey[1]
       JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = k.confkey[1]
     WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND k.connamespace = current_schema()::regnamespace`,
  );
  const found: string[] = [];
  for (const { child, parent, column, target } of keys) {
    const [row] = await runStatement<{ count: number }>(
      `SELECT count(*) AS count FROM (SELECT 1 FROM ${child} c WHERE c.${column} IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM ${parent} p WHERE p.${target} = c.${column})) dangling`,
    );
    if (row && row.count > 0) found.push(toSentence(child, parent, row.count));
  }
  return found;
}
