import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import { NotFound } from '../errors.js';
import { SavingOrder, type OrdinalKeyset } from './saving-order.js';
import { Turn } from './turn.entity.js';
import { TurnFinder } from './turn-finder.service.js';

const TURN = `id, ordinal, conversation_id AS "conversationId", message, response, model, key_name AS "keyName", status, amount,
  created_at AS "createdAt"`;

/** With each turn as long as it may be, some megabytes. */
const EXPORT_BATCH = 26;
/** A turn as its owner reads it back. */
export type PastTurn = Pick<
  Turn,
  | 'id'
  | 'ordinal'
  | 'conversationId'
  | 'message'
  | 'response'
  | 'model'
  | 'keyName'
  | 'status'
  | 'amount'
  | 'createdAt'
>;

/** Reads the turns of an owner, in the order of saving: who follows the newest misses none. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly order: SavingOrder,
    private readonly finder: TurnFinder,
  ) {}

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

  /** One page from the turn `key` on; the index is read from there, whatever the history's length. */
  async page(ownerId: string, keyset: Keyset): Promise<PastTurn[]> {
    const placed = await this.order.ofTurn(ownerId, keyset);
    return this.read('history.page', 'owner_id = $1', placed, [ownerId, keyset.limit]);
  }

  /**
   * One page of the turns that have the text, wherever in the history they are. Once `gone` is aborted nothing more is
   * looked at. Throws `Throttled` while the owner has another search under way.
   */
  async search(
    ownerId: string,
    text: string,
    keyset: Keyset,
    gone: AbortSignal,
  ): Promise<PastTurn[]> {
    const placed = await this.order.ofTurn(ownerId, keyset);
    const found = await this.finder.find(ownerId, text, placed, gone);
    const { order } = keyset;
    return this.reader.read<PastTurn>(
      `/* history.found */ SELECT ${TURN} FROM turns WHERE owner_id = $1 AND ordinal = ANY($2) ORDER BY ordinal ${order}`,
      [ownerId, found],
    );
  }

  /** One page of a conversation, which the caller has found to be the owner's. */
  async pageOf(ownerId: string, conversationId: string, keyset: Keyset): Promise<PastTurn[]> {
    return this.readOf(conversationId, await this.order.ofTurn(ownerId, keyset));
  }

  /** All turns of a conversation, oldest first, read in batches: its length costs no memory. */
  async *allOf(conversationId: string): AsyncIterable<PastTurn> {
    let key: number | undefined;
    for (;;) {
      const keyset = { key, comparison: '>', order: 'ASC', limit: EXPORT_BATCH } as const;
      const turns = await this.readOf(conversationId, keyset);
      yield* turns;
      if (turns.length < EXPORT_BATCH) return;
      key = turns.at(-1)?.ordinal;
    }
  }

  private readOf(conversationId: string, keyset: OrdinalKeyset): Promise<PastTurn[]> {
    const parameters = [conversationId, keyset.limit];
    return this.read('conversation.page', 'conversation_id = $1', keyset, parameters);
  }

  private read(
    name: string,
    where: string,
    { key, comparison, order }: OrdinalKeyset,
    parameters: unknown[],
  ): Promise<PastTurn[]> {
    const after =
      key === undefined ? '' : `AND ordinal ${comparison} $${String(parameters.push(key))}`;
    return this.reader.read<PastTurn>(
      `/* ${name} */ SELECT ${TURN} FROM turns WHERE ${where} ${after} ORDER BY ordinal ${order} LIMIT $2`,
      parameters,
    );
  }
}
