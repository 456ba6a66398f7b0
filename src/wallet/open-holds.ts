import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { SECOND_MICROS, nowMicros } from '../time.js';

/** Counts and ages of the open holds of all processes, for operators. */
@Injectable()
export class OpenHolds {
  constructor(private readonly reader: ReadConnection) {}

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
}
