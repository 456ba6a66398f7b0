import type { Database } from './data-source.js';

interface Session {
  readonly role: string;
  readonly isReadOnly: boolean;
}

/** Other tables, such as the ledger, may be append-only by their rights. */
const CHANGED_BY_EACH_ANSWER = ['wallets', 'holds'];

/**
 * Throws an error with one sentence if the role may read from PostgreSQL but not write to it. Without this check
 * the service would start, and every request that writes would fail. An SQLite file that cannot be written is
 * refused when it is opened.
 */
export async function assertWritable(database: Database): Promise<void> {
  if (database.isSqlite) return;
  const [session] = await database.query<Session[]>(
    `SELECT current_user AS role, current_setting('transaction_read_only') = 'on' AS "isReadOnly"`,
  );
  if (session?.isReadOnly) {
    throw new Error(
      `the database is read only: it is a standby, or ${session.role} has default_transaction_read_only`,
    );
  }
  const ownTables = database.tables.map(({ tableName }) => tableName);
  const [denied] = await database.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relname = ANY($1) AND NOT (
       has_any_column_privilege(c.oid, 'SELECT') AND has_any_column_privilege(c.oid, 'INSERT')
       AND (c.relname <> ALL($2) OR has_any_column_privilege(c.oid, 'UPDATE')))
     ORDER BY 1 LIMIT 1`,
    [ownTables, CHANGED_BY_EACH_ANSWER],
  );
  if (denied)
    throw new Error(`${session?.role ?? ''} may not read and write the table ${denied.name}`);
}
