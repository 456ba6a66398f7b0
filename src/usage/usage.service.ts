import { Injectable } from '@nestjs/common';
import { DAY_MICROS, toIso } from '../time.js';
import { LongReads } from '../database/long-reads.js';
import { ReadConnection } from '../database/read-connection.js';
import { UsageGroups, type UsageRow } from './usage-groups.js';
import type { UsageQuery } from './usage-query.js';

/** SQL: the day (UTC) of the entry `e`, as days since 1970. */
export const DAY_LABEL = `e.created_at / ${String(DAY_MICROS)}`;

/** Returns the date of a day, given as days since 1970. */
export const dayLabel = (day: UsageRow['label']) => toIso(Number(day) * DAY_MICROS).slice(0, 10);

/**
 * SQL: the columns to group by. All belong to the ledger, so the sums remain after a turn or a key was
 * deleted. Two keys with the same name are two groups.
 */
const LABELS = {
  day: { label: DAY_LABEL, id: undefined },
  model: { label: 'e.model', id: undefined },
  key: { label: 'coalesce(e.key_name, e.credential_id)', id: 'e.credential_id' },
};

/** Number of entries that one statement reads, about 30 ms of work. */
export const STEP_ENTRIES = 5000;

/** Sums what was spent. */
@Injectable()
export class UsageService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly longReads: LongReads,
  ) {}

  /**
   * Returns the count and the sum of an owner's charges, in groups. No step begins after `disconnectSignal` is
   * aborted. Throws `Throttled` if an earlier usage of the owner does not end in time.
   */
  usage(ownerId: string, query: UsageQuery, disconnectSignal: AbortSignal): Promise<UsageRow[]> {
    return this.longReads.runForOwner(ownerId, disconnectSignal, () =>
      this.sumInSteps(ownerId, query, disconnectSignal),
    );
  }

  private async sumInSteps(
    ownerId: string,
    query: UsageQuery,
    disconnectSignal: AbortSignal,
  ): Promise<UsageRow[]> {
    const groups = new UsageGroups();
    const newest = await this.newestSeq(ownerId);
    const steps = this.longReads.steps(disconnectSignal, newest > 0 ? 0 : undefined, (after) =>
      this.step(ownerId, query, after, newest),
    );
    for await (const { rows } of steps) groups.add(rows);
    return groups.byLabel();
  }

  private async newestSeq(ownerId: string): Promise<number> {
    const [{ seq } = { seq: null }] = await this.reader.read<{ seq: number | null }>(
      '/* ledger.newest_seq */ SELECT max(seq) AS seq FROM ledger_entries WHERE owner_id = $1',
      [ownerId],
    );
    return seq ?? 0;
  }

  /** Sums the next entries after `after`, up to `newest`. `last` is the last of them, or undefined if it is `newest`. */
  private async step(
    ownerId: string,
    { by, from, to }: UsageQuery,
    after: number,
    newest: number,
  ): Promise<{ rows: UsageRow[]; last: number | undefined }> {
    const end = Math.min(after + STEP_ENTRIES, newest);
    const { label, id } = LABELS[by];
    const [idColumn, idGroup] = id === undefined ? ['', ''] : [`, ${id} AS id`, `, ${id}`];
    const rows = await this.reader.read<UsageRow>(
      `/* ledger.usage */ SELECT ${label} AS label${idColumn}, CAST(count(*) AS bigint) AS count,
         CAST(-sum(e.amount) AS bigint) AS amount
       FROM ledger_entries e
       WHERE e.owner_id = $1 AND e.seq > $2 AND e.seq <= $3
         AND e.kind = 'charge' AND e.created_at >= $4 AND e.created_at < $5
       GROUP BY ${label}${idGroup}`,
      [ownerId, after, end, from, to],
    );
    return { rows, last: end < newest ? end : undefined };
  }
}
