import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { NOT_SERVED, INCOMPLETE, isIncompleteCopy, markOf } from './copy-mark.js';
import { Database } from './data-source.js';
import { UnitOfWork } from './transactions/unit-of-work.js';

/** Marks the SQLite file while this process serves it. */
@Injectable()
export class ServedMark implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ServedMark.name);
  private restingMark: number | undefined;

  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Sets the mark. Call it with the process lease and before the first write: the mark must be in the file itself,
   * not only in the log.
   */
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
    this.restingMark = incomplete ? INCOMPLETE : NOT_SERVED;
    await this.database.query('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Ends the mark before the lease is released. Later it could overwrite the mark of the next process. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.restingMark !== undefined) await this.write(this.restingMark);
    this.restingMark = undefined;
  }

  private async write(mark: number): Promise<void> {
    await this.unitOfWork.run((tx) => tx.read(`PRAGMA user_version = ${String(mark)}`, []));
  }
}
