import type { Database } from './data-source.js';

/**
 * Keeps what SQLite needs to undo a single statement in memory. A statement of many rows copies each page that it
 * changes, to undo itself if a row is refused. In a file these copies cost a sixth of the CPU time of inserting a
 * turn. So a request must not delete or change rows without limit in one statement. Call it after the migrations,
 * which change whole tables.
 */
export async function keepStatementJournalInMemory(database: Database): Promise<void> {
  if (database.isSqlite) await database.query('PRAGMA temp_store = MEMORY');
}
