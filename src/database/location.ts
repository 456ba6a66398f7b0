import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

const SQLITE = 'sqlite:';

/** Replaces `~` with the home folder, as a shell does. No shell has expanded the values of an `.env` file. */
const expandHome = (path: string) => path.replace(/^~(?=[/\\]|$)/, () => homedir());

/** Returns the absolute path of an SQLite file. Returns undefined for another kind of database. */
export function sqlitePathOf(url: string): string | undefined {
  return url.startsWith(SQLITE) ? resolve(expandHome(url.slice(SQLITE.length))) : undefined;
}

/** Returns the location of the database for people to read: an absolute path, or a server without the password. */
export function locationOf(url: string): string {
  const path = sqlitePathOf(url);
  if (path !== undefined) return `${SQLITE}${path}`;
  const { username, host, pathname } = new URL(url);
  return `postgres://${username}@${host}${pathname}`;
}

/** Returns the error to throw if a database does not open: one sentence, without the password. */
export function openError(url: string, error: unknown): Error {
  // A host with two addresses fails with an AggregateError, which has a code and no message.
  const { message, code } = error as NodeJS.ErrnoException;
  const sentence = `The database ${locationOf(url)} does not open: ${message || String(code)}`;
  return new Error(sentence, { cause: error });
}

/** Throws if `url` names an SQLite file that does not exist. A server reports a missing database itself. */
export function assertDatabaseExists(url: string): void {
  const path = sqlitePathOf(url);
  if (path !== undefined) assertFile(path);
}

/** Throws if there is no such file, because SQLite would create it. */
export function assertFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    throw new Error(`no such database: ${path} (check DATABASE_URL and the current folder)`);
  }
  if (!found.isFile()) throw new Error(`no such database: ${path} is not a file`);
}
