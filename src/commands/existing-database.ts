import type { Settings } from '../config/config.js';
import { assertServedName } from '../database/sqlite/file-lease.js';
import { assertDatabaseExists, locationOf, sqlitePathOf } from '../database/location.js';

/**
 * Begins a command that needs an existing database. Prints the location of the database on standard error.
 * Throws, and creates nothing, if the database does not exist, or if a service uses it under a different
 * name.
 */
export async function assertExistingDatabase({
  databaseUrl,
}: Pick<Settings, 'databaseUrl'>): Promise<void> {
  process.stderr.write(`database: ${locationOf(databaseUrl)}\n`);
  assertDatabaseExists(databaseUrl);
  const path = sqlitePathOf(databaseUrl);
  if (path !== undefined) await assertServedName(path);
}
