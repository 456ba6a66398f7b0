import { Injectable } from '@nestjs/common';
import { idsAround } from '../database/id-range.js';
import { LongReads } from '../database/long-reads.js';
import { ReadConnection } from '../database/read-connection.js';
import { UsageGroups, type UsageRow } from '../usage/usage-groups.js';
import { DAY_LABEL, STEP_ENTRIES } from '../usage/usage.service.js';
import type { UsageQuery } from '../usage/usage-query.js';

/** The columns to group by, and the table that each needs beside the ledger. */
const LABELS = {
  day: { label: DAY_LABEL, join: '' },
  model: { label: 'e.model', join: '' },
  user: { label: 'u.username', join: 'LEFT JOIN users u ON u.id = e.owner_id' },
};
/** Number of rows returned. Grouped by user, these are the users who spent the most. */
const ROWS_MAX = 1000;

/** What the usage of all users can be grouped by. */
export const CHOICES_OF_ALL = ['day', 'model', 'user'] as const;

export type QueryOfAll = UsageQuery<(typeof CHOICES_OF_ALL)[number]>;

/** Sums what all users spent. */
@Injectable()
export class UsageOfAll {
  constructor(
    private readonly reader: ReadConnection,
    private readonly longReads: LongReads,
  ) {}

  /**
   * Returns the count and the sum of all charges, in groups; by user, the largest sums first. Deleted users
   * have no label. No step begins after `disconnectSignal` is aborted. Throws `Throttled` while the operator has
   * another usage under way for long.
   */
  usage(operatorId: string, query: QueryOfAll, disconnectSignal: AbortSignal): Promise<UsageRow[]> {
    return this.longReads.runForOwner(operatorId, disconnectSignal, async () => {
      const groups = await this.sumInSteps(query, disconnectSignal);
      return query.by === 'user' ? groups.largest(ROWS_MAX) : groups.byLabel().slice(0, ROWS_MAX);
    });
  }

  private async sumInSteps(query: QueryOfAll, disconnectSignal: AbortSignal): Promise<UsageGroups> {
    const groups = new UsageGroups();
    const [first, end] = idsAround(query.from, query.to);
    const steps = this.longReads.steps(disconnectSignal, first, (after) =>
      this.step(query, after, end),
    );
    for await (const { rows } of steps) groups.add(rows);
    return groups;
  }

  /** Sums the next entries after `after`. `last` is the last of them, or undefined if there are no more. */
  private async step(
    { by, from, to }: QueryOfAll,
    after: string,
    end: string,
  ): Promise<{ rows: UsageRow[]; last: string | undefined }> {
    const [lastEntry] = await this.reader.read<{ id: string }>(
      `/* ledger.step */ SELECT id FROM ledger_entries WHERE id > $1 AND id < $2
       ORDER BY id LIMIT 1 OFFSET ${String(STEP_ENTRIES - 1)}`,
      [after, end],
    );
    const last = lastEntry?.id;
    const { label, join } = LABELS[by];
    const rows = await this.reader.read<UsageRow>(
      `/* ledger.usage_of_all */ SELECT ${label} AS label, CAST(count(*) AS bigint) AS count,
         CAST(-sum(e.amount) AS bigint) AS amount
       FROM ledger_entries e ${join}
       WHERE e.id > $3 AND e.id <= $4 AND e.kind = 'charge' AND e.created_at >= $1 AND e.created_at < $2
       GROUP BY ${label}`,
      [from, to, after, last ?? end],
    );
    return { rows, last };
  }
}
