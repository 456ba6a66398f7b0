import { statSync } from 'node:fs';
import { resolve } from 'node:path';

const SQLITE = 'sqlite:';

/** The absolute path of an SQLite file; undefined for another kind of database. */
export function sqlitePathOf(url: string): string | undefined {
  return url.startsWith(SQLITE) ? resolve(url.slice(SQLITE.length)) : undefined;
}

/** Where the database is, for people: a path that is absolute, or a server without the password. */
export function locationOf(url: string): string {
  const path = sqlitePathOf(url);
  if (path !== undefined) return `${SQLITE}${path}`;
  const { username, host, pathname } = new URL(url);
  return `postgres://${username}@${host}${pathname}`;
}

/** Throws where `url` names an SQLite file that is not there. A server tells by itself what it has not. */
export function assertDatabaseExists(url: string): void {
  const path = sqlitePathOf(url);
  if (path === undefined) return;
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    throw new Error(
      `no such database: ${path} (DATABASE_URL, or the folder you are in, says where)`,
    );
  }
  if (!found.isFile()) throw new Error(`no such database: ${path} is no file`);
}
