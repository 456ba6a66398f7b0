import { Database, dataSourceOptions, type DatabaseOptions } from './data-source.js';
import { assertFile, openError, sqlitePathOf } from './location.js';
import { makePrivateFile } from './sqlite/private-file.js';

/**
 * Opens the database. Calls `prepareFile` with the path of an SQLite file before it opens the file. Throws an error
 * with one readable sentence, without credentials, if the database does not open.
 */
async function open(
  options: DatabaseOptions,
  prepareFile: (path: string) => void = () => undefined,
): Promise<Database> {
  const database = new Database(dataSourceOptions(options));
  try {
    const path = sqlitePathOf(options.url);
    if (path !== undefined) prepareFile(path);
    await database.initialize();
    return database;
  } catch (error) {
    throw openError(options.url, error);
  }
}

/**
 * Number of pages in SQLite's log that start a copy into the database file (32 MiB). Each page is copied once,
 * however often it was written. The default of 1,000 pages cost a sixth of SQLite's work on a chat.
 */
const LOG_PAGES_MAX = 8192;
/** Large enough for the pages that chats of a thousand users write, so that they are not read from the file again. */
const CACHE_KIB = 16_384;

/**
 * Opens the database for writing. On SQLite every commit is on disk before it is acknowledged (`synchronous =
 * FULL`), so a power failure loses no answered chat. Deleted rows are overwritten (`secure_delete`), so they do not
 * stay in the file. Only this operating system user can read the file.
 */
export async function openWriter(options: DatabaseOptions): Promise<Database> {
  const dataSource = await open(options, makePrivateFile);
  if (dataSource.options.type === 'sqlite') {
    await dataSource.query('PRAGMA synchronous = FULL');
    await dataSource.query('PRAGMA secure_delete = ON');
    await dataSource.query(`PRAGMA wal_autocheckpoint = ${String(LOG_PAGES_MAX)}`);
    await dataSource.query(`PRAGMA cache_size = -${String(CACHE_KIB)}`);
  }
  return dataSource;
}

/** Opens the database for reading only. SQLite then refuses every write. */
export async function openReadOnly(options: DatabaseOptions): Promise<Database> {
  const dataSource = await open(options, assertFile);
  if (dataSource.options.type === 'sqlite') await dataSource.query('PRAGMA query_only = ON');
  return dataSource;
}

/**
 * Returns the database that readers use. TypeORM gives an SQLite data source one connection, and a read on it would
 * see changes that the running transaction may still roll back. So on SQLite readers get their own connection.
 */
export async function openReader(options: DatabaseOptions, writer: Database): Promise<Database> {
  return writer.isSqlite ? openReadOnly(options) : writer;
}
