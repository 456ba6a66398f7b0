import { Injectable } from '@nestjs/common';
import { DAY_MICROS, toIso } from '../time.js';
import { ReadConnection } from '../database/read-connection.js';
import type { UsageQuery } from './usage-query.js';

/** The amount spent on one day, on one model, or with one credential. */
export interface UsageRow {
  readonly label: string | number | null;
  /** The id of the credential, if usage is grouped by credential. */
  readonly id?: string | null;
  readonly count: number;
  readonly amount: number;
}

/** SQL: the day (UTC) of the entry `e`, as days since 1970. */
export const DAY_LABEL = `e.created_at / ${String(DAY_MICROS)}`;

/** Returns the date of a day, given as days since 1970. */
export const dayLabel = (day: UsageRow['label']) => toIso(Number(day) * DAY_MICROS).slice(0, 10);

/**
 * SQL: the columns to group by. All belong to the ledger, so the sums remain after a turn or a key was
 * deleted. Two keys with the same name are two groups.
 */
const LABELS = {
  day: { label: DAY_LABEL, more: '' },
  model: { label: 'e.model', more: '' },
  key: { label: 'coalesce(e.key_name, e.credential_id)', more: ', e.credential_id' },
};

/** Sums what was spent. */
@Injectable()
export class UsageService {
  constructor(private readonly reader: ReadConnection) {}

  /** Returns the count and the sum of an owner's charges, in groups. */
  usage(ownerId: string, { by, from, to }: UsageQuery): Promise<UsageRow[]> {
    const { label, more } = LABELS[by];
    return this.reader.read<UsageRow>(
      `/* ledger.usage */ SELECT ${label} AS label${more && `${more} AS id`}, CAST(count(*) AS bigint) AS count,
         CAST(-sum(e.amount) AS bigint) AS amount
       FROM ledger_entries e
       WHERE e.owner_id = $1 AND e.kind = 'charge' AND e.created_at >= $2 AND e.created_at < $3
       GROUP BY ${label}${more} ORDER BY ${label}${more}`,
      [ownerId, from, to],
    );
  }
}
