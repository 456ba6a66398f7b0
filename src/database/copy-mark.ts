import { statSync } from 'node:fs';
import type { Database } from './data-source.js';

/** The mark of a file that no process serves and that lacks nothing. */
export const NOT_SERVED = 0;
/** The mark of a copy that lacks the last writes. It stays on the file until an operator declares the file whole. */
export const INCOMPLETE = -1;
const MARK_MAX = 2 ** 31 - 1;

/** Returns the mark of a served file: its inode, as a number that fits `user_version`. A copy has another inode. */
export function markOf(path: string): number {
  return Number(statSync(path, { bigint: true }).ino % BigInt(MARK_MAX)) + 1;
}

async function readMark(database: Database): Promise<number> {
  const rows = await database.statements.rows<{ user_version: number }>('PRAGMA user_version', []);
  return rows[0]?.user_version ?? NOT_SERVED;
}

/**
 * Checks whether this SQLite file was copied from a running service without its write-ahead log. Such a copy looks
 * sound but lacks the last writes. A served file carries a mark with its own inode, which a copy does not have. A
 * copy that came with its log has lost nothing.
 */
export async function isIncompleteCopy(database: Database): Promise<boolean> {
  const path = database.sqlitePath;
  if (path === undefined) return false;
  const mark = await readMark(database);
  if (mark === NOT_SERVED) return false;
  return mark === INCOMPLETE || (mark !== markOf(path) && !database.hadWriteAheadLog);
}

/**
 * Marks a file as whole. The file must not be served: it is a backup, or a copy that the operator accepts as it is.
 */
export async function markComplete(database: Database): Promise<void> {
  await database.query(`PRAGMA user_version = ${String(NOT_SERVED)}`);
}
