import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { AT_REST, INCOMPLETE, isIncompleteCopy, markOf } from './copy-mark.js';
import { Database } from './data-source.js';
import { UnitOfWork } from './unit-of-work.js';

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
