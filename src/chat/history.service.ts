import { Injectable } from '@nestjs/common';
import { Reader } from '../database/reader.js';
import type { Keyset } from '../http/pagination.js';
import { Turn } from './turn.entity.js';

const TURN = `id, conversation_id AS "conversationId", message, response, model, status, amount, created_at AS "createdAt"`;

/** A turn as its owner reads it back. */
export type PastTurn = Pick<
  Turn,
  'id' | 'conversationId' | 'message' | 'response' | 'model' | 'status' | 'amount' | 'createdAt'
>;

/** Reads the turns of an owner. Ids are UUIDv7, so their order is the order of time. */
@Injectable()
export class HistoryService {
  constructor(private readonly reader: Reader) {}

  /** The turn that a captured hold paid for. */
  async ofHold(ownerId: string, holdId: string): Promise<Turn> {
    return this.reader.manager.findOneByOrFail(Turn, { ownerId, holdId });
  }

  /** One turn; undefined for someone else's. */
  async find(ownerId: string, id: string): Promise<PastTurn | undefined> {
    const [turn] = await this.reader.rows<PastTurn>(
      `/* history.find */ SELECT ${TURN} FROM turns WHERE id = $2 AND owner_id = $1`,
      [ownerId, id],
    );
    return turn;
  }

  /** One page by key; the index (owner_id, id) is read from the key on, whatever the history's length. */
  page(ownerId: string, { key, comparison, order, limit }: Keyset): Promise<PastTurn[]> {
    const after = key === undefined ? '' : `AND id ${comparison} $3`;
    return this.reader.rows<PastTurn>(
      `/* history.page */ SELECT ${TURN} FROM turns
       WHERE owner_id = $1 ${after} ORDER BY id ${order} LIMIT $2`,
      key === undefined ? [ownerId, limit] : [ownerId, limit, key],
    );
  }
}
