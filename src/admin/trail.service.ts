import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { NumberedLists } from '../database/numbered-lists.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import type { Keyset } from '../http/pagination.js';
import { nowMicros, type Micros } from '../time.js';
import { TrailEntry, type OperatorAction } from './trail-entry.entity.js';

/** The operator who changes something, and the reason. */
export interface Actor {
  /** The operator's user id; null for a command from a shell. */
  readonly operatorId: string | null;
  readonly reason: string;
}

/** Returns the actor of a command from a shell. A person with a shell is not a user of the service. */
export const shellActor = (reason = ''): Actor => ({ operatorId: null, reason });

/** An entry with the current names of its users. */
export interface TrailRow {
  readonly id: string;
  readonly ordinal: number;
  readonly createdAt: Micros;
  readonly operatorId: string | null;
  /** Null for a command from a shell, and for a deleted user. */
  readonly operator: string | null;
  readonly action: OperatorAction;
  readonly targetId: string;
  /** Null if the target is not a user, and for a deleted user. */
  readonly target: string | null;
  readonly reason: string;
}

/** The audit trail of operators. Each entry is written in the transaction of its change. */
@Injectable()
export class TrailService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly lists: NumberedLists,
  ) {}

  /**
   * Adds an entry. This must be the last step of a transaction: other transactions that add an entry wait for
   * its commit, so it must not wait for one of them.
   */
  async add(
    tx: Tx,
    { operatorId, reason }: Actor,
    action: OperatorAction,
    targetId: string,
  ): Promise<void> {
    const ordinal = await this.lists.nextOrdinal(tx, 'trail_entries');
    const createdAt = nowMicros();
    const row = { id: newId(), operatorId, action, targetId, reason, createdAt, ordinal };
    tx.insertLater(TrailEntry, row);
  }

  /** Returns one page, newest first. */
  async page({ key, comparison, order, limit }: Keyset): Promise<TrailRow[]> {
    const place = await this.lists.positionOf('trail_entries', key, comparison);
    const after = place ? `WHERE (e.ordinal, e.id) ${comparison} ($2, $3)` : '';
    return this.reader.read<TrailRow>(
      `/* trail.page */ SELECT e.id, e.ordinal, e.created_at AS "createdAt", e.operator_id AS "operatorId",
         o.username AS operator, e.action, e.target_id AS "targetId", t.username AS target, e.reason
       FROM trail_entries e LEFT JOIN users o ON o.id = e.operator_id
         LEFT JOIN users t ON t.id = e.target_id
       ${after} ORDER BY e.ordinal ${order}, e.id ${order} LIMIT $1`,
      place ? [limit, place.ordinal, place.id] : [limit],
    );
  }
}
