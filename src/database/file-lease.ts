import { closeSync, fstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';
import { DataSource } from 'typeorm';
import { quietSqlite3 } from './data-source.js';
import { isLocked } from './database-errors.js';
import { locationOf, sqlitePathOf } from './location.js';
import { makePrivateFile } from './private-file.js';

/** A byte far behind the end of any database, and far from those that SQLite locks. */
const LOCKED_BYTE = 2 ** 52;
/** A command that looks has the byte for an instant. */
const ATTEMPTS_MAX = 5;
const ATTEMPT_EVERY_MS = 50;

/** Another process serves the same SQLite file. */
export class FileInUse extends Error {}

/** The file that is served is no longer where it was. */
export class FileMoved extends Error {}

/** Whether both are one file, by whatever names. */
const isSame = (one: { dev: number; ino: number }, other: { dev: number; ino: number }) =>
  one.dev === other.dev && one.ino === other.ino;

const statOf = (path: string) => statSync(path, { throwIfNoEntry: false });

/**
 * Keeps a second process from serving an SQLite file, by two locks that the kernel drops with the process: one
 * on the file itself, under whatever name (a link, another folder, a name that it was given later), and one on a
 * file beside it, for the name, since a new file in the place of one that was moved would share its journal.
 */
export class FileLease {
  private constructor(
    private readonly path: string,
    /** Undefined where there is no file yet, but for what is to be put there. */
    private readonly fd: number | undefined,
    private name: NameLock,
  ) {}

  /**
   * To be called before the database is opened: a new file in the place of one that was moved would be opened with
   * the other's journal. Makes the file where there is none; undefined where the database is no file. Throws
   * `FileInUse`, or one sentence.
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

  /** Throws `FileInUse`. The name comes first: who finds the file locked then finds the name locked too. */
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
    throw new FileInUse(
      `another process serves ${database}: stop it, or use PostgreSQL for several processes`,
    );
  }

  /** Throws `FileMoved`. A lock file that was removed is made again. */
  async renew(): Promise<void> {
    const found = statOf(this.path);
    if (this.fd !== undefined && !(found && isSame(found, fstatSync(this.fd)))) {
      throw new FileMoved(
        `${this.path} was moved, removed or replaced while it is served: stop the service, and put it back`,
      );
    }
    if (this.name.isThere()) return;
    const name = await NameLock.take(this.path);
    if (!name) throw new FileInUse(`another process has locked ${this.path}.lock`);
    await this.name.release();
    this.name = name;
  }

  /** To be called once the database is closed: closing any handle of a file ends SQLite's own locks on it. */
  async release(): Promise<void> {
    if (this.fd !== undefined) closeSync(this.fd);
    await this.name.release();
  }
}

/**
 * Throws where somebody serves the file under another name than this one: SQLite would keep a second journal,
 * and neither would know what stands in the other's. A command works beside a service by the same name.
 */
export async function assertServedName(database: string): Promise<void> {
  const path = realpathSync(database);
  const fd = openSync(path, 'r');
  const isFree = tryLock(fd, LOCKED_BYTE, 1, { shared: true });
  closeSync(fd);
  if (isFree) return;
  const name = await NameLock.take(path);
  if (!name) return;
  await name.release();
  throw new Error(`${database} is served under another name: use that one`);
}

/** The open handle that carries the lock; undefined where another process has it. */
async function lockFile(path: string): Promise<number | undefined> {
  const fd = openSync(path, 'r+');
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    if (tryLock(fd, LOCKED_BYTE, 1)) return fd;
    await sleep(ATTEMPT_EVERY_MS);
  }
  closeSync(fd);
  return undefined;
}

/** The exclusive lock of a file beside the database. */
class NameLock {
  private constructor(
    private readonly file: DataSource,
    private readonly path: string,
    private readonly made: ReturnType<typeof statOf>,
  ) {}

  static async take(database: string): Promise<NameLock | undefined> {
    const path = `${database}.lock`;
    // With the mode of the database, as SQLite's own files beside it: who may not read it may not lock it.
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

  isThere(): boolean {
    const found = statOf(this.path);
    return found !== undefined && this.made !== undefined && isSame(found, this.made);
  }

  async release(): Promise<void> {
    await this.file.destroy();
  }
}
