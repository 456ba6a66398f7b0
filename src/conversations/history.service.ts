import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { PAGE_MAX_BYTES, type Keyset } from '../http/pagination.js';
import { NotFound } from '../errors.js';
import { SavingOrder, type OrdinalKeyset } from './saving-order.js';
import { Turn } from './turn.entity.js';
import { TurnFinder } from './turn-finder.service.js';

/** SQL: the fields of a `PastTurn`, with its texts selected by these expressions. */
const turnFields = (message: string, response: string) =>
  `id, ordinal, conversation_id AS "conversationId", ${message} AS message, ${response} AS response, model,
    key_name AS "keyName", status, amount, created_at AS "createdAt"`;

const TURN = turnFields('message', 'response');

/** A turn with at most this many bytes of text is short. The first statement of a page reads no texts of longer turns. */
const SHORT_BYTES = 16_384;
const ifShort = (text: string) =>
  `CASE WHEN octet_length(message) + octet_length(response) <= ${String(SHORT_BYTES)} THEN ${text} END`;
/** The same fields, with NULL for the texts of a long turn. */
const SHORT_TURN = turnFields(ifShort('message'), ifShort('response'));

/** Number of turns that an export reads at once. Fewer if they are long, like the turns of a page. */
const EXPORT_BATCH = 26;
/** The fields of a turn that its owner can read. */
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

/** Reads the turns of an owner in the order of saving. A client that follows the newest turn misses none. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly order: SavingOrder,
    private readonly finder: TurnFinder,
  ) {}

  /**
   * Returns the turn that a captured hold paid for. Throws `NotFound` if its owner has deleted it or did not
   * want it stored.
   */
  async findByHold(ownerId: string, holdId: string): Promise<Turn> {
    const turn = await this.reader.repository(Turn).findOneBy({ ownerId, holdId });
    if (!turn) throw new NotFound('The answer to this Idempotency-Key was deleted, or never kept.');
    return turn;
  }

  /** Returns one turn, or undefined for a turn of another user. */
  async find(ownerId: string, id: string): Promise<PastTurn | undefined> {
    const [turn] = await this.reader.read<PastTurn>(
      `/* history.find */ SELECT ${TURN} FROM turns WHERE id = $2 AND owner_id = $1`,
      [ownerId, id],
    );
    return turn;
  }

  /**
   * Returns one page from the turn `key` on. The index is read from there, so the cost does not depend on the
   * length of the history.
   */
  async page(ownerId: string, keyset: Keyset): Promise<PastTurn[]> {
    const placed = await this.order.ofTurn(ownerId, keyset);
    return this.read('history.page', 'owner_id = $1', placed, [ownerId, keyset.limit]);
  }

  /**
   * Returns one page of the turns that contain the text, wherever in the history they are. Stops when
   * `disconnectSignal` is aborted. Throws the same `Throttled` as `TurnFinder.find`.
   */
  async search(
    ownerId: string,
    text: string,
    keyset: Keyset,
    disconnectSignal: AbortSignal,
  ): Promise<PastTurn[]> {
    const placed = await this.order.ofTurn(ownerId, keyset);
    const found = await this.finder.find(ownerId, text, placed, disconnectSignal);
    const { order, limit } = keyset;
    const range = 'owner_id = $1 AND ordinal = ANY($3)';
    return this.readFirst('history.found', range, order, [ownerId, limit, found]);
  }

  /** Returns one page of a conversation. The caller must have checked its owner. */
  async pageOf(ownerId: string, conversationId: string, keyset: Keyset): Promise<PastTurn[]> {
    return this.readPage(conversationId, await this.order.ofTurn(ownerId, keyset));
  }

  /**
   * Returns all turns of a conversation, oldest first. They are read in batches, so the memory does not
   * depend on their number.
   */
  async *readAll(conversationId: string): AsyncIterable<PastTurn> {
    let key: number | undefined;
    for (;;) {
      const keyset = { key, comparison: '>', order: 'ASC', limit: EXPORT_BATCH } as const;
      const turns = await this.readPage(conversationId, keyset);
      yield* turns;
      if (turns.length === 0) return;
      key = turns.at(-1)?.ordinal;
    }
  }

  private readPage(conversationId: string, keyset: OrdinalKeyset): Promise<PastTurn[]> {
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
      key === undefined ? '' : ` AND ordinal ${comparison} $${String(parameters.push(key))}`;
    return this.readFirst(name, where + after, order, parameters);
  }

  /** Returns the first `$2` turns of a range, or fewer if their texts are longer than a page. */
  private async readFirst(
    name: string,
    range: string,
    order: Keyset['order'],
    parameters: unknown[],
  ): Promise<PastTurn[]> {
    const turns = await this.reader.read<PastTurn | LongTurn>(
      `/* ${name} */ SELECT ${SHORT_TURN} FROM turns WHERE ${range} ORDER BY ordinal ${order} LIMIT $2`,
      parameters,
    );
    if (turns.every(isShort)) return turns;
    return this.reader.read<PastTurn>(longTurns(name, range, order), parameters);
  }
}

type LongTurn = Omit<PastTurn, 'message' | 'response'> & { readonly message: null };

const isShort = (turn: PastTurn | LongTurn): turn is PastTurn => turn.message !== null;

/**
 * Returns SQL for the first `$2` turns of a range with all their texts, up to the first turn that exceeds a page. If
 * that is the first of all, the second is returned too, because it shows that another page exists. The lengths are
 * read first, because a database returns them without reading long texts.
 */
function longTurns(name: string, range: string, order: Keyset['order']): string {
  const [last, upTo] = order === 'ASC' ? ['max', '<='] : ['min', '>='];
  return `/* ${name}_of_long */ SELECT ${TURN} FROM turns WHERE ${range} AND ordinal ${upTo} (
      SELECT ${last}(ordinal) FROM (
        SELECT ordinal, row_number() OVER (ORDER BY ordinal ${order}) AS place,
          sum(bytes) OVER (ORDER BY ordinal ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM (SELECT ordinal, octet_length(message) + octet_length(response) AS bytes
              FROM turns WHERE ${range} ORDER BY ordinal ${order} LIMIT $2) AS lengths) AS sums
      WHERE place <= 2 OR before <= ${String(PAGE_MAX_BYTES)})
    ORDER BY ordinal ${order} LIMIT $2`;
}
