import { statSync } from 'node:fs';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Database } from './data-source.js';
import { UnitOfWork } from './unit-of-work.js';

/** The file is at rest and whole. */
const AT_REST = 0;
/** The file is a copy that lacks what was saved last; it says so for ever. */
const INCOMPLETE = -1;
const MARK_MAX = 2 ** 31 - 1;

/** What tells a file from a copy of it: the inode, as a number that fits the mark. */
function markOf(path: string): number {
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

/** Marks the SQLite file while this process serves it. */
@Injectable()
export class ServedMark implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ServedMark.name);
  private restingMark: number | undefined;

  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Call with the process lease, before the first write: it must stand in the file itself, not only in the log. */
  async set(): Promise<void> {
    const path = this.database.sqlitePath;
    if (path === undefined) return;
    const incomplete = await isIncompleteCopy(this.database);
    if (incomplete) {
      this.logger.warn(
        'the database is a copy that lacks what was saved last: see `npm run audit`',
      );
    }
    await this.write(incomplete ? INCOMPLETE : markOf(path));
    this.restingMark = incomplete ? INCOMPLETE : AT_REST;
    await this.database.query('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Before the lease is given back, so that the mark of the next process stays. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.restingMark !== undefined) await this.write(this.restingMark);
    this.restingMark = undefined;
  }

  private async write(mark: number): Promise<void> {
    await this.unitOfWork.run((tx) => tx.read(`PRAGMA user_version = ${String(mark)}`, []));
  }
}
