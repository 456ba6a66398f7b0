import { Injectable } from '@nestjs/common';
import { likePattern } from '../database/like.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import { NotFound } from '../errors.js';
import { Turn } from './turn.entity.js';

const TURN = `id, conversation_id AS "conversationId", message, response, model, key_name AS "keyName", status, amount,
  created_at AS "createdAt"`;

const EXPORT_BATCH = 100;
/** Turns that one statement of a search looks at. */
const SEARCH_STEP_TURNS = 500;

/** A turn as its owner reads it back. */
export type PastTurn = Pick<
  Turn,
  | 'id'
  | 'conversationId'
  | 'message'
  | 'response'
  | 'model'
  | 'keyName'
  | 'status'
  | 'amount'
  | 'createdAt'
>;

/** Reads the turns of an owner. Ids are UUIDv7, so their order is the order of time. */
@Injectable()
export class HistoryService {
  constructor(private readonly reader: ReadConnection) {}

  /** The turn that a captured hold paid for. Throws `NotFound` where its owner has deleted it since, or wanted none kept. */
  async ofHold(ownerId: string, holdId: string): Promise<Turn> {
    const turn = await this.reader.repository(Turn).findOneBy({ ownerId, holdId });
    if (!turn) throw new NotFound('The answer to this Idempotency-Key was deleted, or never kept.');
    return turn;
  }

  /** One turn; undefined for someone else's. */
  async find(ownerId: string, id: string): Promise<PastTurn | undefined> {
    const [turn] = await this.reader.read<PastTurn>(
      `/* history.find */ SELECT ${TURN} FROM turns WHERE id = $2 AND owner_id = $1`,
      [ownerId, id],
    );
    return turn;
  }

  /** One page by key; the index is read from the key on, whatever the history's length. */
  page(ownerId: string, keyset: Keyset): Promise<PastTurn[]> {
    return this.read('history.page', 'owner_id = $1', keyset, [ownerId, keyset.limit]);
  }

  /**
   * One page of the turns that have the text. A rare word is looked for in all of the owner's turns, in
   * steps of a bounded number of turns each: SQLite has one connection for reading, and between two steps
   * it is free for others. Once `disconnectSignal` is aborted there are no more steps.
   */
  async search(
    ownerId: string,
    text: string,
    keyset: Keyset,
    disconnectSignal: AbortSignal,
  ): Promise<PastTurn[]> {
    const backwards = keyset.comparison === '<' ? '>=' : '<=';
    const found: PastTurn[] = [];
    for (let step = keyset; ;) {
      const end = await this.stepEnd(ownerId, step);
      const limit = keyset.limit - found.length;
      const within = end === undefined ? '' : `AND id ${backwards} $4`;
      found.push(
        ...(await this.read(
          'history.search',
          `owner_id = $1 AND (${matches('message')} OR ${matches('response')}) ${within}`,
          step,
          [ownerId, limit, likePattern(text), ...(end === undefined ? [] : [end])],
        )),
      );
      const isOver = end === undefined || found.length === keyset.limit;
      if (isOver || disconnectSignal.aborted) return found;
      step = { ...keyset, key: end };
    }
  }

  /** One page of a conversation, which the caller has found to be the owner's. */
  pageOf(conversationId: string, keyset: Keyset): Promise<PastTurn[]> {
    return this.read('conversation.page', 'conversation_id = $1', keyset, [
      conversationId,
      keyset.limit,
    ]);
  }

  /** All turns of a conversation, oldest first, read in batches: its length costs no memory. */
  async *allOf(conversationId: string): AsyncIterable<PastTurn> {
    let key: string | undefined;
    for (;;) {
      const keyset: Keyset = { key, comparison: '>', order: 'ASC', limit: EXPORT_BATCH };
      const turns = await this.pageOf(conversationId, keyset);
      yield* turns;
      if (turns.length < EXPORT_BATCH) return;
      key = turns.at(-1)?.id;
    }
  }

  /** The last turn that a step of a search looks at; undefined where it comes to the history's end. */
  private async stepEnd(
    ownerId: string,
    { key, comparison, order }: Keyset,
  ): Promise<string | undefined> {
    const after = key === undefined ? '' : `AND id ${comparison} $2`;
    const [end] = await this.reader.read<{ id: string }>(
      `/* history.step */ SELECT id FROM turns WHERE owner_id = $1 ${after}
       ORDER BY id ${order} LIMIT 1 OFFSET ${String(SEARCH_STEP_TURNS - 1)}`,
      key === undefined ? [ownerId] : [ownerId, key],
    );
    return end?.id;
  }

  private read(
    name: string,
    where: string,
    { key, comparison, order }: Keyset,
    parameters: unknown[],
  ): Promise<PastTurn[]> {
    const after = key === undefined ? '' : `AND id ${comparison} $${String(parameters.push(key))}`;
    return this.reader.read<PastTurn>(
      `/* ${name} */ SELECT ${TURN} FROM turns WHERE ${where} ${after} ORDER BY id ${order} LIMIT $2`,
      parameters,
    );
  }
}

/** Both databases ignore the case of A to Z; PostgreSQL, by its locale, also that of other letters. */
const matches = (column: string) => `lower(${column}) LIKE lower($3) ESCAPE '\\'`;
