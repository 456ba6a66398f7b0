import { closeSync, fstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';
import { DataSource } from 'typeorm';
import { quietSqlite3 } from '../data-source.js';
import { isLocked } from '../database-errors.js';
import { locationOf, sqlitePathOf } from '../location.js';
import { makePrivateFile } from './private-file.js';

/** The locked byte. It lies far behind the end of any database, and far from the bytes that SQLite locks. */
const LOCKED_BYTE = 2 ** 52;
/** Number of attempts. A command that only checks holds the byte for a moment. */
const ATTEMPTS_MAX = 5;
const ATTEMPT_EVERY_MS = 50;

/** Another process serves or has taken the database. */
export class DatabaseInUse extends Error {}

/** The served file is no longer at its path. */
export class FileMoved extends Error {}

/** Checks whether both are the same file, whatever their names are. */
const isSameFile = (one: { dev: number; ino: number }, other: { dev: number; ino: number }) =>
  one.dev === other.dev && one.ino === other.ino;

const statOf = (path: string) => statSync(path, { throwIfNoEntry: false });

/**
 * Prevents a second process from serving an SQLite file. It uses two locks, and the kernel drops both when the
 * process ends. The first lock is on the file itself, and works under any name (a link, another folder, a later
 * name). The second is on a file beside it and protects the name: a new file in the place of a moved one would
 * share its write-ahead log.
 */
export class FileLease {
  private constructor(
    private readonly path: string,
    /** Undefined if the file does not exist yet and a command will create it. */
    private readonly fd: number | undefined,
    private name: NameLock,
  ) {}

  /**
   * Takes the lease for the database at `url`. Call it before the database is opened: a new file in the place of a
   * moved one would be opened with the write-ahead log of the other. Creates the file if it is missing. Returns undefined
   * if the database is not a file. Throws `DatabaseInUse`, or an error with one readable sentence.
   */
  static async takeFor(url: string): Promise<FileLease | undefined> {
    const path = sqlitePathOf(url);
    if (path === undefined) return undefined;
    try {
      makePrivateFile(path);
    } catch (error) {
      const sentence = `The database ${locationOf(url)} does not open: ${(error as Error).message}`;
      throw new Error(sentence, { cause: error });
    }
    return FileLease.take(path);
  }

  /**
   * Takes both locks. The name comes first, so a process that finds the file locked also finds the name locked.
   * Throws `DatabaseInUse`.
   */
  static async take(database: string): Promise<FileLease> {
    const isThere = statOf(database) !== undefined;
    const path = isThere
      ? realpathSync(database)
      : join(realpathSync(dirname(database)), basename(database));
    const name = await NameLock.take(path);
    if (name) {
      const fd = isThere ? await lockFile(path) : undefined;
      if (fd !== undefined || !isThere) return new FileLease(path, fd, name);
      await name.release();
    }
    throw new DatabaseInUse(
      `another process serves ${database}: stop it, or use PostgreSQL for several processes`,
    );
  }

  /**
   * Checks that the file is still at its path, and creates the lock file again if it was removed. Throws
   * `FileMoved`, or `DatabaseInUse` if another process has locked the name.
   */
  async renew(): Promise<void> {
    const found = statOf(this.path);
    if (this.fd !== undefined && !(found && isSameFile(found, fstatSync(this.fd)))) {
      throw new FileMoved(
        `${this.path} was moved, removed or replaced while it is served: stop the service, and put it back`,
      );
    }
    if (this.name.exists()) return;
    const name = await NameLock.take(this.path);
    if (!name) throw new DatabaseInUse(`another process has locked ${this.path}.lock`);
    await this.name.release();
    this.name = name;
  }

  /**
   * Releases both locks. Call it after the database is closed: closing any handle of a file ends SQLite's own locks
   * on it.
   */
  async release(): Promise<void> {
    if (this.fd !== undefined) closeSync(this.fd);
    await this.name.release();
  }
}

/**
 * Throws if a process serves the file under another name. SQLite would then keep a second log, and each process
 * would miss the writes in the other's log. A command may work beside a service that uses the same name.
 */
export async function assertServedName(database: string): Promise<void> {
  const path = realpathSync(database);
  if (!isFileLocked(path)) return;
  const name = await NameLock.take(path);
  if (!name) return;
  // The process may have ended since the first look.
  const isServed = isFileLocked(path);
  await name.release();
  if (isServed) throw new Error(`${database} is served under another name: use that one`);
}

function isFileLocked(path: string): boolean {
  const fd = openSync(path, 'r');
  const isFree = tryLock(fd, LOCKED_BYTE, 1, { shared: true });
  closeSync(fd);
  return !isFree;
}

/** Returns the open handle that holds the lock. Returns undefined if another process has it. */
async function lockFile(path: string): Promise<number | undefined> {
  const fd = openSync(path, 'r+');
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    if (tryLock(fd, LOCKED_BYTE, 1)) return fd;
    await sleep(ATTEMPT_EVERY_MS);
  }
  closeSync(fd);
  return undefined;
}

/** An exclusive lock on a file beside the database. */
class NameLock {
  private constructor(
    private readonly file: DataSource,
    private readonly path: string,
    private readonly statWhenLocked: ReturnType<typeof statOf>,
  ) {}

  static async take(database: string): Promise<NameLock | undefined> {
    const path = `${database}.lock`;
    // The same mode as the database, like SQLite's own files. A user who cannot read the database cannot lock
    // it.
    const { mode } = statSync(database, { throwIfNoEntry: false }) ?? { mode: 0o600 };
    closeSync(openSync(path, 'a', mode & 0o777));
    const options = { type: 'sqlite', driver: quietSqlite3, database: path } as const;
    const file = await new DataSource(options).initialize();
    try {
      await file.query('BEGIN EXCLUSIVE');
      return new NameLock(file, path, statOf(path));
    } catch (error) {
      await file.destroy();
      if (isLocked(error)) return undefined;
      throw error;
    }
  }

  exists(): boolean {
    const found = statOf(this.path);
    const locked = this.statWhenLocked;
    return found !== undefined && locked !== undefined && isSameFile(found, locked);
  }

  async release(): Promise<void> {
    await this.file.destroy();
  }
}
