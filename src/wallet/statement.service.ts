import { Injectable } from '@nestjs/common';
import type { Micros } from '../time.js';
import { Reader } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import type { LedgerKind } from './ledger-entry.entity.js';

/** A ledger entry as its owner reads it. */
export interface StatementEntry {
  readonly id: string;
  readonly seq: number;
  readonly kind: LedgerKind;
  readonly amount: number;
  readonly balanceAfter: number;
  readonly reason: string;
  readonly turnId: string | null;
  readonly createdAt: Micros;
}

export interface UsageQuery {
  readonly by: 'day' | 'model' | 'key';
  /** From this moment on, and before that one. */
  readonly from: Micros;
  readonly to: Micros;
}

/** What was spent on one day, on one model, or with one credential. */
export interface UsageRow {
  readonly label: string | number | null;
  readonly count: number;
  readonly amount: number;
}

const ENTRY = `id, seq, kind, amount, balance_after AS "balanceAfter", reason, turn_id AS "turnId", created_at AS "createdAt"`;

const DAY_MICROS = 86_400_000_000;

/** The columns by which usage is told apart. */
const LABELS = {
  day: `e.created_at / ${String(DAY_MICROS)}`,
  model: 't.model',
  key: 't.credential_id',
};

/** Explains a balance: entry by entry, and in sums. */
@Injectable()
export class StatementService {
  constructor(private readonly reader: Reader) {}

  /** One page of the ledger, by `seq`; of one turn alone where `turnId` is given. */
  page(ownerId: string, turnId: string | undefined, keyset: Keyset): Promise<StatementEntry[]> {
    const { key, comparison, order, limit } = keyset;
    const parameters: unknown[] = [ownerId, limit];
    const conditions = ['owner_id = $1'];
    if (key !== undefined)
      conditions.push(`seq ${comparison} $${String(parameters.push(Number(key)))}`);
    if (turnId !== undefined) conditions.push(`turn_id = $${String(parameters.push(turnId))}`);
    return this.reader.rows<StatementEntry>(
      `/* ledger.page */ SELECT ${ENTRY} FROM ledger_entries
       WHERE ${conditions.join(' AND ')} ORDER BY seq ${order} LIMIT $2`,
      parameters,
    );
  }

  /** Charges counted and summed. A turn that was deleted leaves its charge, with no label. */
  usage(ownerId: string, { by, from, to }: UsageQuery): Promise<UsageRow[]> {
    const label = LABELS[by];
    return this.reader.rows<UsageRow>(
      `/* ledger.usage */ SELECT ${label} AS label, CAST(count(*) AS bigint) AS count,
         CAST(-sum(e.amount) AS bigint) AS amount
       FROM ledger_entries e LEFT JOIN turns t ON t.id = e.turn_id
       WHERE e.owner_id = $1 AND e.kind = 'charge' AND e.created_at >= $2 AND e.created_at < $3
       GROUP BY ${label} ORDER BY ${label}`,
      [ownerId, from, to],
    );
  }
}
