import { statSync } from 'node:fs';
import type { Database } from './data-source.js';

/** The file is at rest and whole. */
export const AT_REST = 0;
/** The file is a copy that lacks what was saved last; it says so for ever. */
export const INCOMPLETE = -1;
const MARK_MAX = 2 ** 31 - 1;

/** What tells a file from a copy of it: the inode, as a number that fits the mark. */
export function markOf(path: string): number {
  return Number(statSync(path, { bigint: true }).ino % BigInt(MARK_MAX)) + 1;
}

async function readMark(database: Database): Promise<number> {
  const rows = await database.statements.rows<{ user_version: number }>('PRAGMA user_version', []);
  return rows[0]?.user_version ?? AT_REST;
}

/**
 * Whether this SQLite file was copied from under a running service without the write-ahead log beside it. Such a
 * file looks sound and lacks what was saved last. A file that is served carries a mark with its own inode, which a
 * copy does not have; a copy that came with its log has lost nothing.
 */
export async function isIncompleteCopy(database: Database): Promise<boolean> {
  const path = database.sqlitePath;
  if (path === undefined) return false;
  const mark = await readMark(database);
  if (mark === AT_REST) return false;
  return mark === INCOMPLETE || (mark !== markOf(path) && !database.hadLog);
}

/** Declares a file whole that nobody serves: a backup, or a copy that the operator takes as it is. */
export async function declareWhole(database: Database): Promise<void> {
  await database.query(`PRAGMA user_version = ${String(AT_REST)}`);
}
