import type { Database } from './data-source.js';

interface Session {
  readonly role: string;
  readonly isReadOnly: boolean;
}

/** The tables whose rows the service changes or deletes. It reads every table and adds rows to it. */
export const NEEDED_RIGHTS = {
  UPDATE: [
    'access_tokens',
    'api_key_secrets',
    'api_keys',
    'conversations',
    'holds',
    'jwt_families',
    'ledger_entries',
    'login_networks',
    'numbered_lists',
    'rate_counters',
    'redemption_codes',
    'spending_caps',
    'users',
    'wallets',
  ],
  DELETE: [
    'access_tokens',
    'api_key_secrets',
    'api_keys',
    'conversations',
    'holds',
    'jwt_families',
    'jwt_rotations',
    'login_networks',
    'password_resets',
    'rate_counters',
    'spending_caps',
    'turns',
    'users',
  ],
} as const;

/**
 * Throws an error with one sentence if the role may read from PostgreSQL but not write to it. Without this check
 * the service would start, and requests that write would fail, some of them only after days. A right to some
 * columns is enough, so an operator can protect the amounts of the ledger. An SQLite file that cannot be written is
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
  const ownTables = ['rate_counters', ...database.tables.map(({ tableName }) => tableName)];
  const [denied] = await database.query<{ name: string; lacked: string }[]>(
    `SELECT c.relname AS name, string_agg(needed.name, ', ' ORDER BY needed.name) AS lacked
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN (VALUES ('SELECT', $1::text[]), ('INSERT', $1), ('UPDATE', $2), ('DELETE', $3)) AS needed (name, tables)
     WHERE n.nspname = current_schema() AND c.relname = ANY(needed.tables) AND NOT CASE needed.name
       WHEN 'DELETE' THEN has_table_privilege(c.oid, 'DELETE')
       ELSE has_any_column_privilege(c.oid, needed.name) END
     GROUP BY 1 ORDER BY 1 LIMIT 1`,
    [ownTables, NEEDED_RIGHTS.UPDATE, NEEDED_RIGHTS.DELETE],
  );
  if (!denied) return;
  throw new Error(
    `${session?.role ?? ''} may not read and write the table ${denied.name}: it lacks ${denied.lacked}`,
  );
}
