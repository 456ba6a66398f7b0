import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import sqlite3, { type Database as Connection } from 'sqlite3';

/** Reads something that every database has. SQLite only opens the files beside the database at the first read. */
const FIRST_READ = 'SELECT count(*) FROM sqlite_master';

const LOG_ADVICE =
  ' (copy it, and the files beside it with the same name, to a folder of your own)';

/**
 * An SQLite file of another program, opened read-only. All reads see it as it was when it was opened. Its folder has
 * the same files before and afterwards, except that a log without its index (`-shm`) gets one.
 */
export class ForeignFile {
  private constructor(
    private readonly path: string,
    private readonly connection: Connection,
    private readonly hadLog: boolean,
  ) {}

  /** Opens the file. Throws an error with one readable sentence. */
  static async open(path: string): Promise<ForeignFile> {
    const hadLog = existsSync(`${path}-wal`);
    try {
      return new ForeignFile(path, await beginReading(path, sqlite3.OPEN_READONLY), hadLog);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'SQLITE_CANTOPEN') throw openError(path, error);
      if (hadLog) throw openError(path, error, LOG_ADVICE);
    }
    // SQLite cannot create the log of a file in this mode, as on a read-only disk. Without a log nobody has it open now.
    const url = `${pathToFileURL(path).href}?immutable=1`;
    const connection = await beginReading(url, sqlite3.OPEN_READONLY | sqlite3.OPEN_URI).catch(
      (error: unknown) => {
        throw openError(path, error);
      },
    );
    return new ForeignFile(path, connection, hadLog);
  }

  async rows<Row>(sql: string, parameters: readonly string[]): Promise<Row[]> {
    try {
      return await all<Row>(this.connection, sql, parameters);
    } catch (error) {
      const sentence = `${this.path} cannot be read: ${(error as Error).message}`;
      throw new Error(sentence, { cause: error });
    }
  }

  /** Closes the file. SQLite created an empty log for a file in this mode. Only a connection that may write removes it. */
  async close(): Promise<void> {
    await close(this.connection);
    if (this.hadLog || !existsSync(`${this.path}-wal`)) return;
    const other = await beginReading(this.path, sqlite3.OPEN_READWRITE).catch(() => undefined);
    if (other) await close(other);
  }
}

function openError(path: string, error: unknown, advice = ''): Error {
  return new Error(`${path} does not open: ${(error as Error).message}${advice}`, { cause: error });
}

/** Opens a connection and begins a transaction, so that all its reads are of the same moment. */
async function beginReading(name: string, mode: number): Promise<Connection> {
  const connection = await new Promise<Connection>((resolve, reject) => {
    const opened = new sqlite3.Database(name, mode, (error) => {
      if (error) reject(error);
      else resolve(opened);
    });
  });
  try {
    await all(connection, 'BEGIN', []);
    await all(connection, FIRST_READ, []);
    return connection;
  } catch (error) {
    await close(connection);
    throw error;
  }
}

function all<Row>(
  connection: Connection,
  sql: string,
  parameters: readonly string[],
): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    connection.all<Row>(sql, [...parameters], (error, found) => {
      if (error) reject(error);
      else resolve(found);
    });
  });
}

function close(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.close((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
