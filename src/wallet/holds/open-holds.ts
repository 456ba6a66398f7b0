import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../database/database-clock.js';
import { ProcessLease } from '../../database/process-lease.js';
import { ReadConnection } from '../../database/read-connection.js';
import { SECOND_MICROS, nowMicros } from '../../time.js';

/** Number of rows that one statement reads. The next call reads the rest. */
const BATCH_MAX = 500;

/** The open holds of all processes: how many there are, how old they are, and which are to expire. */
@Injectable()
export class OpenHolds {
  constructor(
    private readonly reader: ReadConnection,
    private readonly lease: ProcessLease,
    private readonly clock: DatabaseClock,
  ) {}

  /** Returns the ids of holds past their lifetime, and of holds whose processes have ended. */
  async toExpire(): Promise<string[]> {
    await this.clock.synchronize();
    const overdue = await this.reader.read<{ id: string }>(
      `/* hold.overdue */ SELECT id FROM holds WHERE state = 'open' AND expires_at <= $1 LIMIT ${String(BATCH_MAX)}`,
      [this.clock.now()],
    );
    return [...overdue, ...(await this.orphans())].map(({ id }) => id);
  }

  async count(): Promise<number> {
    const [row] = await this.reader.read<{ count: number }>(
      `/* hold.count_open */ SELECT CAST(count(*) AS bigint) AS count FROM holds WHERE state = 'open'`,
      [],
    );
    return row?.count ?? 0;
  }

  /** Returns the age of the oldest open hold, in seconds; 0 if there is none. */
  async oldestAgeSeconds(): Promise<number> {
    const [row] = await this.reader.read<{ oldest: number | null }>(
      `/* hold.oldest_open */ SELECT min(created_at) AS oldest FROM holds WHERE state = 'open'`,
      [],
    );
    const oldest = row?.oldest ?? null;
    return oldest === null ? 0 : Math.max(0, (nowMicros() - oldest) / SECOND_MICROS);
  }

  /** Returns open holds of processes that have ended. */
  private async orphans(): Promise<{ id: string }[]> {
    const owners = await this.reader.read<{ processId: number }>(
      `/* hold.processes */ SELECT DISTINCT process_id AS "processId" FROM holds WHERE state = 'open'`,
      [],
    );
    const found = [];
    for (const { processId } of owners) {
      if (!(await this.lease.hasProcessEnded(processId))) continue;
      const sql = `/* hold.orphans */ SELECT id FROM holds WHERE state = 'open' AND process_id = $1 LIMIT ${String(BATCH_MAX)}`;
      found.push(...(await this.reader.read<{ id: string }>(sql, [processId])));
    }
    return found;
  }
}
