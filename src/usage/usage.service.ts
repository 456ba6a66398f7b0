import { Injectable } from '@nestjs/common';
import { DAY_MICROS, toIso } from '../time.js';
import { ReadConnection } from '../database/read-connection.js';
import type { UsageQuery } from './usage-query.js';

/** What was spent on one day, on one model, or with one credential. */
export interface UsageRow {
  readonly label: string | number | null;
  readonly count: number;
  readonly amount: number;
}

/** SQL: the day (UTC) of the entry `e`, as days since 1970. */
export const DAY_LABEL = `e.created_at / ${String(DAY_MICROS)}`;

/** Days since 1970 as a date. */
export const dayLabel = (day: UsageRow['label']) => toIso(Number(day) * DAY_MICROS).slice(0, 10);

/** The columns by which usage is told apart. */
const LABELS = {
  day: DAY_LABEL,
  model: 't.model',
  key: 't.credential_id',
};

/** Sums what was spent. */
@Injectable()
export class UsageService {
  constructor(private readonly reader: ReadConnection) {}

  /** Charges counted and summed. A turn that was deleted leaves its charge, with no label. */
  usage(ownerId: string, { by, from, to }: UsageQuery): Promise<UsageRow[]> {
    const label = LABELS[by];
    return this.reader.read<UsageRow>(
      `/* ledger.usage */ SELECT ${label} AS label, CAST(count(*) AS bigint) AS count,
         CAST(-sum(e.amount) AS bigint) AS amount
       FROM ledger_entries e LEFT JOIN turns t ON t.id = e.turn_id
       WHERE e.owner_id = $1 AND e.kind = 'charge' AND e.created_at >= $2 AND e.created_at < $3
       GROUP BY ${label} ORDER BY ${label}`,
      [ownerId, from, to],
    );
  }
}
