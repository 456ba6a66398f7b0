import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

const SQLITE = 'sqlite:';

/** `~` is the home folder, as in a shell: in a file `.env` no shell has read it. */
const withHome = (path: string) => path.replace(/^~(?=[/\\]|$)/, () => homedir());

/** The absolute path of an SQLite file; undefined for another kind of database. */
export function sqlitePathOf(url: string): string | undefined {
  return url.startsWith(SQLITE) ? resolve(withHome(url.slice(SQLITE.length))) : undefined;
}

/** Where the database is, for people: a path that is absolute, or a server without the password. */
export function locationOf(url: string): string {
  const path = sqlitePathOf(url);
  if (path !== undefined) return `${SQLITE}${path}`;
  const { username, host, pathname } = new URL(url);
  return `postgres://${username}@${host}${pathname}`;
}

/** What to throw, in one sentence and without the password, for a database that does not open. */
export function notOpened(url: string, error: unknown): Error {
  // A host with two addresses fails with an AggregateError, which has a code and no message.
  const { message, code } = error as NodeJS.ErrnoException;
  const sentence = `The database ${locationOf(url)} does not open: ${message || String(code)}`;
  return new Error(sentence, { cause: error });
}

/** Throws where `url` names an SQLite file that is not there. A server tells by itself what it has not. */
export function assertDatabaseExists(url: string): void {
  const path = sqlitePathOf(url);
  if (path !== undefined) assertFile(path);
}

/** Throws where there is no such file: SQLite would make one. */
export function assertFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    throw new Error(
      `no such database: ${path} (DATABASE_URL says where, or the folder that you are in)`,
    );
  }
  if (!found.isFile()) throw new Error(`no such database: ${path} is no file`);
}
