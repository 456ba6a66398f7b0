import { Injectable } from '@nestjs/common';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { Database } from './data-source.js';

/**
 * The clock of the database's server, for moments that processes compare with each other: one whose own clock is
 * wrong must not take what belongs to the others for overdue. SQLite's is the machine's own.
 */
@Injectable()
export class DatabaseClock {
  /** What the server said, and when it was heard on a clock that nobody sets. */
  private heard: { readonly moment: Micros; readonly atMs: number } | undefined;

  constructor(private readonly database: Database) {}

  /** Now by the server's clock, as it was last heard; by the machine's before that. */
  now(): Micros {
    if (!this.heard) return nowMicros();
    const elapsedMs = performance.now() - this.heard.atMs;
    return Math.floor(this.heard.moment + (elapsedMs * SECOND_MICROS) / 1000);
  }

  /** Hears the server's clock again: a machine that was suspended has missed some of it. */
  async hear(): Promise<void> {
    if (this.database.isSqlite) return;
    const [row] = await this.database.statements.rows<{ moment: Micros }>(
      `/* clock.hear */ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS moment`,
      [],
    );
    if (row) this.heard = { moment: row.moment, atMs: performance.now() };
  }
}
