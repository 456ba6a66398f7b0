import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Database } from './data-source.js';
import { ReadConnection } from './read-connection.js';

/** Within a request; past it the rest is done in the background. */
const TRIES_AT_ONCE = 5;
const TRY_EVERY_MS = 200;
const TRY_LATER_EVERY_MS = 10_000;

/**
 * SQLite's write-ahead log keeps the pages of before until it is written over. What was deleted for good must
 * not stay there: emptied, the log holds nothing, and the file has what `secure_delete` wrote over it.
 */
@Injectable()
export class Journal implements OnModuleDestroy {
  private readonly logger = new Logger(Journal.name);
  private later: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly reader: ReadConnection,
  ) {}

  /** Empties the log. While readers or another process keep it in use, that is done as soon as they let go. */
  async empty(): Promise<void> {
    if (!this.database.isSqlite) return;
    for (let tries = 0; tries < TRIES_AT_ONCE; tries += 1) {
      if (await this.tryToEmpty()) return;
      await sleep(TRY_EVERY_MS);
    }
    this.logger.warn('the journal is in use, and is emptied later');
    this.later ??= setInterval(() => {
      void this.tryToEmpty().then((isEmpty) => {
        if (isEmpty) this.onModuleDestroy();
      });
    }, TRY_LATER_EVERY_MS).unref();
  }

  /** The last connection that closes empties the log by itself. */
  onModuleDestroy(): void {
    clearInterval(this.later);
    this.later = undefined;
  }

  /** On the connection of the readers: that of the writer may be within a transaction. */
  private async tryToEmpty(): Promise<boolean> {
    const sql = 'PRAGMA wal_checkpoint(TRUNCATE)';
    const [row] = await this.reader.read<{ busy: number }>(sql, []).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the journal was not emptied');
      return [];
    });
    return row?.busy === 0;
  }
}
