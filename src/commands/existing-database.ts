import { loadConfig, type Config } from '../config/config.js';
import { assertServedName } from '../database/file-lease.js';
import { assertDatabaseExists, locationOf, sqlitePathOf } from '../database/location.js';

/**
 * The settings of a command that works on a database that is there. Tells on standard error which one it is.
 * Throws, with nothing made, where there is none, or where it is served under another name.
 */
export async function configOfExistingDatabase(): Promise<Config> {
  const config = loadConfig();
  process.stderr.write(`database: ${locationOf(config.databaseUrl)}\n`);
  assertDatabaseExists(config.databaseUrl);
  const path = sqlitePathOf(config.databaseUrl);
  if (path !== undefined) await assertServedName(path);
  return config;
}
