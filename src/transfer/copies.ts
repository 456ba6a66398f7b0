import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fullAudit, isClean, toText, type FullReport } from '../audit/full-audit.js';
import type { Database } from '../database/data-source.js';

/** The end of the name, beside the path that it is to take, of a file that is not yet whole. */
export function makeUnfinished(path: string): string {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.unfinished`;
  closeSync(openSync(unfinished, 'wx', 0o600));
  return unfinished;
}

/** Removes a file and what SQLite keeps beside it. */
export function removeFile(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
}

/** Gives a finished file its name, all at once, and returns when both are on disk. */
export function finish(unfinished: string, path: string): void {
  flush(unfinished);
  renameSync(unfinished, path);
  flush(dirname(path));
}

/** What was written to a file, or to a folder, is then on disk. */
function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What SQLite and the service keep beside a database: a copy that took such a name would destroy it. */
const BESIDE = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal'];

/** Throws where a file is the database, or stands beside it as a part of it, under whatever name; or has no folder. */
export function assertApart(file: string, database: string): void {
  const folder = dirname(file);
  if (!exists(folder)) throw new Error(`there is no folder ${folder}`);
  const named = join(realpathSync(folder), basename(file));
  for (const end of BESIDE) {
    const part = `${realpathSync(database)}${end}`;
    if (named !== part && !isSameFile(file, part)) continue;
    throw new Error(`${file} is ${end === '' ? 'the database itself' : 'a part of the database'}`);
  }
}

/** Whether a plain file is there: no folder, and no device. */
export const isFile = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true;

export const exists = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Whether two paths lead to one file that is there. */
export function isSameFile(one: string, other: string): boolean {
  const [left, right] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return left !== undefined && left.ino === right?.ino && left.dev === right.dev;
}

/** Throws what the audit found in a database that must be whole. */
export async function assertClean(database: Database, name: string): Promise<FullReport> {
  const report = await fullAudit(database);
  if (!isClean(report)) throw new Error(`${name} is not whole: ${toText(report)}`);
  return report;
}

/** How much a report looked at, for people to compare. */
export const sizeOf = ({ wallets, entries }: FullReport): string =>
  `${String(wallets)} wallets, ${String(entries)} ledger entries`;
