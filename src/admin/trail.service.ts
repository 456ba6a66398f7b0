import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import type { Keyset } from '../http/pagination.js';
import { nowMicros, type Micros } from '../time.js';
import { TrailEntry, type OperatorAction } from './trail-entry.entity.js';

/** Who changes something, and why. */
export interface Doer {
  /** The operator's user id; null for a command from a shell. */
  readonly operatorId: string | null;
  readonly reason: string;
}

/** An entry with the names of today. */
export interface TrailRow {
  readonly id: string;
  readonly createdAt: Micros;
  readonly operatorId: string | null;
  /** Null for a shell, and for one who was deleted. */
  readonly operator: string | null;
  readonly action: OperatorAction;
  readonly targetId: string;
  /** Null for what is no user, and for one who was deleted. */
  readonly target: string | null;
  readonly reason: string;
}

/** The audit trail of operators. Each entry is written in the transaction of its change. */
@Injectable()
export class TrailService {
  constructor(private readonly reader: ReadConnection) {}

  add(tx: Tx, { operatorId, reason }: Doer, action: OperatorAction, targetId: string): void {
    const row = { id: newId(), operatorId, action, targetId, reason, createdAt: nowMicros() };
    tx.insertLater(TrailEntry, row);
  }

  /** One page, the newest first. */
  page({ key, comparison, order, limit }: Keyset): Promise<TrailRow[]> {
    const after = key === undefined ? '' : `WHERE e.id ${comparison} $2`;
    return this.reader.read<TrailRow>(
      `/* trail.page */ SELECT e.id, e.created_at AS "createdAt", e.operator_id AS "operatorId",
         o.username AS operator, e.action, e.target_id AS "targetId", t.username AS target, e.reason
       FROM trail_entries e LEFT JOIN users o ON o.id = e.operator_id
         LEFT JOIN users t ON t.id = e.target_id
       ${after} ORDER BY e.id ${order} LIMIT $1`,
      key === undefined ? [limit] : [limit, key],
    );
  }
}
