import { Injectable } from '@nestjs/common';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { Database } from './data-source.js';

/**
 * The clock of the database server, for times that processes compare with each other. A process whose own clock is
 * wrong must not treat rows of other processes as overdue. SQLite uses the clock of this machine.
 */
@Injectable()
export class DatabaseClock {
  /** The time that the server returned, and the value of the monotonic clock when it arrived. */
  private lastReading: { readonly moment: Micros; readonly atMs: number } | undefined;

  constructor(private readonly database: Database) {}

  /** Returns the current time of the server's clock, or of this machine's clock before the first `synchronize()`. */
  now(): Micros {
    if (!this.lastReading) return nowMicros();
    const elapsedMs = performance.now() - this.lastReading.atMs;
    return Math.floor(this.lastReading.moment + (elapsedMs * SECOND_MICROS) / 1000);
  }

  /** Reads the server's clock again. The monotonic clock may have stopped while the machine was suspended. */
  async synchronize(): Promise<void> {
    if (this.database.isSqlite) return;
    const [row] = await this.database.statements.rows<{ moment: Micros }>(
      `/* clock.hear */ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS moment`,
      [],
    );
    if (row) this.lastReading = { moment: row.moment, atMs: performance.now() };
  }
}
