import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fullAudit, isClean, toText, type FullReport } from '../audit/full-audit.js';
import { damageOf } from '../database/database-errors.js';
import type { Database } from '../database/data-source.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const REMOVALS_MAX = 10;

/**
 * Creates an empty file for a copy that is not yet complete, and calls `work` with its name. It is alone in a folder
 * beside `path`, and only its owner can read it. The folder is removed when `work` has ended, and also when a signal
 * (Ctrl-C) ends the process. Without the folder, SQLite's threads cannot create the file again.
 */
export async function withUnfinishedCopy<T>(
  path: string,
  work: (unfinished: string) => Promise<T>,
): Promise<T> {
  const folder = `${path}.${randomBytes(6).toString('hex')}.unfinished`;
  const clear = (signal: NodeJS.Signals) => {
    try {
      removeFolder(folder);
    } finally {
      // There is no handler left, so this ends the process as if there had been none.
      process.kill(process.pid, signal);
    }
  };
  // The handlers come first. Otherwise a signal right after the creation would leave the folder.
  for (const signal of SIGNALS) process.once(signal, clear);
  try {
    mkdirSync(folder, { mode: 0o700 });
    const unfinished = join(folder, 'copy.sqlite');
    closeSync(openSync(unfinished, 'wx', 0o600));
    return await work(unfinished);
  } finally {
    removeFolder(folder);
    for (const signal of SIGNALS) process.off(signal, clear);
  }
}

/** Removes a folder. A thread of SQLite can create a file in it in the meantime, so this is tried several times. */
function removeFolder(folder: string): void {
  for (let tries = 1; exists(folder); tries += 1) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (tries === REMOVALS_MAX) throw error;
    }
  }
}

/** Renames a finished file in one step. Returns when the file and its name are on disk. */
export function completeCopy(unfinished: string, path: string): void {
  flush(unfinished);
  renameSync(unfinished, path);
  flush(dirname(path));
}

/** Writes the changes of a file or a folder to disk. */
function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * The suffixes of the files that SQLite and the service keep beside a database. A copy with such a name would
 * destroy the database.
 */
const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal'];

/**
 * Throws if a file is the database or one of the files beside it, under any name. Also throws if its folder
 * does not exist.
 */
export function assertNotDatabaseFile(file: string, database: string): void {
  const folder = dirname(file);
  if (!exists(folder)) throw new Error(`there is no folder ${folder}`);
  const named = join(realpathSync(folder), basename(file));
  for (const end of DATABASE_SUFFIXES) {
    const part = `${realpathSync(database)}${end}`;
    if (named !== part && !isSameFile(file, part)) continue;
    throw new Error(`${file} is ${end === '' ? 'the database itself' : 'a part of the database'}`);
  }
}

/**
 * Returns the file to which a name leads. Throws for a link to nothing: its target may be on a disk that is not
 * mounted, and a file in place of the link would be on the wrong disk.
 */
export function destinationOf(name: string): string {
  if (isFile(name)) return realpathSync(name);
  if (exists(name) || lstatSync(name, { throwIfNoEntry: false }) === undefined) return name;
  throw new Error(`${name} is a link to nothing`);
}

/** Whether a regular file exists: not a folder, and not a device. */
export const isFile = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true;

export const exists = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Whether two paths lead to the same existing file. */
export function isSameFile(one: string, other: string): boolean {
  const [left, right] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return left !== undefined && left.ino === right?.ino && left.dev === right.dev;
}

/** Runs `work` on a copy of a file. If it finds damage, the error names the file and not the copy. */
export async function onCopyOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const damage = damageOf(error);
    throw damage === undefined
      ? error
      : new Error(`${file} is damaged: ${damage}`, { cause: error });
  }
}

/** Audits a database that must be correct. Returns the report, or throws it if the audit found a problem. */
export async function assertAuditPasses(database: Database, name: string): Promise<FullReport> {
  const report = await fullAudit(database);
  if (!isClean(report)) throw new Error(`${name} is not whole: ${toText(report)}`);
  return report;
}

/** Returns how many rows a report covers, so that operators can compare two reports. */
export const sizeOf = ({ wallets, entries }: FullReport): string =>
  `${String(wallets)} wallets, ${String(entries)} ledger entries`;
