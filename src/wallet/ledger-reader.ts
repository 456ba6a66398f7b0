import { Injectable } from '@nestjs/common';
import type { Micros } from '../time.js';
import { ReadConnection } from '../database/read-connection.js';
import { UUID } from '../http/ids.js';
import { type Keyset } from '../http/pagination.js';
import type { LedgerKind } from './ledger-entry.entity.js';

/** A ledger entry as its owner reads it. */
export interface LedgerRow {
  readonly id: string;
  readonly seq: number;
  readonly kind: LedgerKind;
  readonly amount: number;
  readonly balanceAfter: number;
  readonly reason: string;
  readonly turnId: string | null;
  readonly model: string | null;
  readonly keyName: string | null;
  readonly createdAt: Micros;
}

const ENTRY = `id, seq, kind, amount, balance_after AS "balanceAfter", reason, turn_id AS "turnId", model,
  key_name AS "keyName", created_at AS "createdAt"`;

/** Reads the ledger entries that explain a balance. */
@Injectable()
export class LedgerReader {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * Returns one page of the ledger, by `seq`. With `turnId`, returns only entries of that turn. The key is a
   * `seq` or the id of an entry. Returns an empty page if the owner has no entry with that id.
   */
  page(ownerId: string, turnId: string | undefined, keyset: Keyset): Promise<LedgerRow[]> {
    const { key, comparison, order, limit } = keyset;
    const parameters: unknown[] = [ownerId, limit];
    const conditions = ['owner_id = $1'];
    if (key !== undefined) {
      const isId = UUID.test(key);
      const place = `$${String(parameters.push(isId ? key : Number(key)))}`;
      const seq = `(SELECT seq FROM ledger_entries WHERE id = ${place} AND owner_id = $1)`;
      conditions.push(`seq ${comparison} ${isId ? seq : place}`);
    }
    if (turnId !== undefined) conditions.push(`turn_id = $${String(parameters.push(turnId))}`);
    return this.reader.read<LedgerRow>(
      `/* ledger.page */ SELECT ${ENTRY} FROM ledger_entries
       WHERE ${conditions.join(' AND ')} ORDER BY seq ${order} LIMIT $2`,
      parameters,
    );
  }
}
