import type { Settings } from '../config/config.js';
import { assertServedName } from '../database/file-lease.js';
import { assertDatabaseExists, locationOf, sqlitePathOf } from '../database/location.js';

/**
 * Begins a command that works on a database that is there. Tells on standard error which one it is. Throws, with
 * nothing made, where there is none, or where it is served under another name.
 */
export async function assertExistingDatabase({
  databaseUrl,
}: Pick<Settings, 'databaseUrl'>): Promise<void> {
  process.stderr.write(`database: ${locationOf(databaseUrl)}\n`);
  assertDatabaseExists(databaseUrl);
  const path = sqlitePathOf(databaseUrl);
  if (path !== undefined) await assertServedName(path);
}
