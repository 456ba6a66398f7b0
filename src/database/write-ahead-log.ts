import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Database } from './data-source.js';
import { emptyLog } from './sqlite/sqlite-file.js';

/** Attempts within a request. After them the rest is done in the background. */
const ATTEMPTS_IN_REQUEST = 5;
const ATTEMPT_EVERY_MS = 200;
const LATER_ATTEMPT_EVERY_MS = 10_000;
/** How long one attempt waits for readers. New writes wait as long, so it is short. */
const WAIT_MAX_MS = 250;

/**
 * Empties SQLite's write-ahead log, which keeps old pages until they are overwritten. Rows that were deleted for
 * good must not stay there. After the log is emptied, only the file remains, where `secure_delete` has overwritten
 * them.
 */
@Injectable()
export class WriteAheadLog implements OnModuleDestroy {
  private readonly logger = new Logger(WriteAheadLog.name);
  private retryTimer: NodeJS.Timeout | undefined;

  constructor(private readonly database: Database) {}

  /** Empties the log. If readers or another process use it, the log is emptied later, when they no longer do. */
  async empty(): Promise<void> {
    const path = this.database.sqlitePath;
    if (path === undefined) return;
    for (let tries = 0; tries < ATTEMPTS_IN_REQUEST; tries += 1) {
      if (await this.tryToEmpty(path)) return;
      await sleep(ATTEMPT_EVERY_MS);
    }
    this.logger.warn('the write-ahead log is in use, and is emptied later');
    this.retryTimer ??= setInterval(() => {
      void this.tryToEmpty(path).then((isEmpty) => {
        if (isEmpty) this.onModuleDestroy();
      });
    }, LATER_ATTEMPT_EVERY_MS).unref();
  }

  /** Stops the attempts. The last connection that closes empties the log itself. */
  onModuleDestroy(): void {
    clearInterval(this.retryTimer);
    this.retryTimer = undefined;
  }

  private async tryToEmpty(path: string): Promise<boolean> {
    try {
      return await emptyLog(path, WAIT_MAX_MS);
    } catch (error) {
      this.logger.warn({ err: error }, 'the write-ahead log was not emptied');
      return false;
    }
  }
}
