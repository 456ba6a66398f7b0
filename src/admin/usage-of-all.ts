import { Injectable } from '@nestjs/common';
import { idsAround } from '../database/id-range.js';
import { ReadConnection } from '../database/read-connection.js';
import { DAY_LABEL, type UsageRow } from '../usage/usage.service.js';
import type { UsageQuery } from '../usage/usage-query.js';

/** The columns to group by, and the table that each needs beside the ledger. */
const LABELS = {
  day: { label: DAY_LABEL, join: '' },
  model: { label: 'e.model', join: '' },
  user: { label: 'u.username', join: 'LEFT JOIN users u ON u.id = e.owner_id' },
};
/** Number of rows returned. Grouped by user, these are the users who spent the most. */
const ROWS_MAX = 1000;

/** Sums what all users spent. */
@Injectable()
export class UsageOfAll {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * Returns the count and the sum of all charges, in groups; by user, the largest sums first. Deleted users
   * have no label.
   */
  usage({ by, from, to }: UsageQuery<keyof typeof LABELS>): Promise<UsageRow[]> {
    const { label, join } = LABELS[by];
    const order = by === 'user' ? 'amount DESC, label' : 'label';
    return this.reader.read<UsageRow>(
      `/* ledger.usage_of_all */ SELECT ${label} AS label, CAST(count(*) AS bigint) AS count,
         CAST(-sum(e.amount) AS bigint) AS amount
       FROM ledger_entries e ${join}
       WHERE e.id >= $3 AND e.id < $4 AND e.kind = 'charge' AND e.created_at >= $1 AND e.created_at < $2
       GROUP BY ${label} ORDER BY ${order} LIMIT ${String(ROWS_MAX)}`,
      [from, to, ...idsAround(from, to)],
    );
  }
}
