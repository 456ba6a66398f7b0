import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import sqlite3, { type Database as Connection } from 'sqlite3';
import type { Database } from '../data-source.js';
import { SQLITE_MAGIC } from './private-file.js';

const HEADER_BYTES = 100;
/** The page size that the header writes as 1, because it does not fit two bytes. */
const PAGE_SIZE_LARGEST = 65_536;
const ALL_PAGES = -1;
const ATTEMPTS_MAX = 100;
const ATTEMPT_EVERY_MS = 100;

/** SQLite's online backup in node-sqlite3. Its types do not declare it. */
interface OnlineBackup {
  readonly completed: boolean;
  step(pages: number, done: (error: Error | null) => void): void;
  finish(done: (error: Error | null) => void): void;
}

/**
 * Throws an error with one sentence if `path` is not a whole SQLite file. Does not open the database, so it changes
 * nothing.
 */
export function assertSqliteFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error(`${path} is not a file`);
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  if (!header.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC)) {
    throw new Error(`${path} is not an SQLite file`);
  }
  const pageSize = header.readUInt16BE(16);
  const bytes = header.readUInt32BE(28) * (pageSize === 1 ? PAGE_SIZE_LARGEST : pageSize);
  // With a log, a checkpoint may be running, which writes the header before the pages. So a short file proves nothing
  // then.
  if (stat.size < bytes && !existsSync(`${path}-wal`)) {
    throw new Error(`${path} is cut short: it has ${String(stat.size)} of ${String(bytes)} bytes`);
  }
}

/**
 * Copies the SQLite database at `from` into the file `to`. It may be served and written to in the meantime. All
 * pages are from one moment, and everything committed before the call is in the copy. Writers do not wait.
 */
export async function copyOnline(from: string, to: string): Promise<void> {
  const connection = await connect(from);
  try {
    const backup = (connection as unknown as { backup(to: string): OnlineBackup }).backup(to);
    for (let tries = 0; !backup.completed; tries += 1) {
      if (tries === ATTEMPTS_MAX) throw new Error(`${from} is locked by another program`);
      if (tries > 0) await sleep(ATTEMPT_EVERY_MS);
      // In one step. With several steps, each commit of another process would restart the copy.
      await settled((done) => {
        backup.step(ALL_PAGES, done);
      });
    }
    await settled((done) => {
      backup.finish(done);
    });
  } finally {
    await settled((done) => {
      connection.close(done);
    });
  }
}

/** Copies the write-ahead log into the file and removes the log. Throws if another program has the file open. */
export async function removeLog(database: Database): Promise<void> {
  await database.query('PRAGMA wal_checkpoint(TRUNCATE)');
  await database.query('PRAGMA journal_mode = DELETE').catch((error: unknown) => {
    throw new Error(`${database.sqlitePath ?? ''} is open in another program`, { cause: error });
  });
}

/**
 * Copies the write-ahead log into the file and empties it. Returns false if others use the log for longer than
 * `waitMs`. It has a connection of its own: on a shared one all other statements would wait too, and so would the
 * event loop when it frees a statement.
 */
export async function emptyLog(path: string, waitMs: number): Promise<boolean> {
  const connection = await connect(path);
  try {
    connection.configure('busyTimeout', waitMs);
    return await new Promise((resolve, reject) => {
      connection.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)', (error, row) => {
        if (error) reject(error);
        else resolve(row.busy === 0);
      });
    });
  } finally {
    await settled((done) => {
      connection.close(done);
    });
  }
}

function connect(path: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = new sqlite3.Database(path, sqlite3.OPEN_READWRITE, (error) => {
      if (error) reject(new Error(`${path} does not open: ${error.message}`, { cause: error }));
      else resolve(connection);
    });
  });
}

function settled(work: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
