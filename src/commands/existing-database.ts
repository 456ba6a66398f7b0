import { loadConfig, type Config } from '../config/config.js';
import { assertDatabaseExists, locationOf } from '../database/location.js';

/**
 * The settings of a command that works on a database that is there. Tells on standard error which one it is.
 * Throws, with nothing made, where there is none.
 */
export function configOfExistingDatabase(): Config {
  const config = loadConfig();
  process.stderr.write(`database: ${locationOf(config.databaseUrl)}\n`);
  assertDatabaseExists(config.databaseUrl);
  return config;
}
