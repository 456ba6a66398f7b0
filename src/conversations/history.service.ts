import { Injectable } from '@nestjs/common';
import { folded } from '../database/folded-text.js';
import { likePattern } from '../database/like.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import { NotFound } from '../errors.js';
import { SavingOrder, type OrdinalKeyset } from './saving-order.js';
import { SearchTurns } from './search-turns.js';
import { Turn } from './turn.entity.js';

const TURN = `id, ordinal, conversation_id AS "conversationId", message, response, model, key_name AS "keyName", status, amount,
  created_at AS "createdAt"`;

/** With each turn as long as it may be, some megabytes. */
const EXPORT_BATCH = 26;
/** What one statement of a search looks at, at most, but for a first turn that is longer. */
const SEARCH_STEP_TURNS = 2000;
const SEARCH_STEP_BYTES = 1_048_576;

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
    private readonly searches: SearchTurns,
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
   * One page of the turns that have the text. A rare word is looked for in all of the owner's turns, in
   * steps of a bounded number of turns and of bytes each: SQLite has one connection for reading, and between two steps
   * it is free for others. Once `gone` is aborted there are no more steps. Throws `Throttled` while the owner
   * has another search under way.
   */
  search(ownerId: string, text: string, keyset: Keyset, gone: AbortSignal): Promise<PastTurn[]> {
    return this.searches.ofOwner(ownerId, gone, () => this.steps(ownerId, text, keyset, gone));
  }

  private async steps(
    ownerId: string,
    text: string,
    keyset: Keyset,
    gone: AbortSignal,
  ): Promise<PastTurn[]> {
    const backwards = keyset.comparison === '<' ? '>=' : '<=';
    const [match, wanted] = matching(folded(text));
    const found: PastTurn[] = [];
    for (let step = await this.order.ofTurn(ownerId, keyset); ;) {
      const limit = keyset.limit - found.length;
      const end = await this.searches.step(gone, async () => {
        const last = await this.stepEnd(ownerId, step);
        const within = last === undefined ? '' : `AND ordinal ${backwards} $4`;
        const where = `owner_id = $1 AND ${match} ${within}`;
        const parameters = [ownerId, limit, wanted, ...(last === undefined ? [] : [last])];
        found.push(...(await this.read('history.search', where, step, parameters)));
        return last;
      });
      if (end === undefined || found.length === keyset.limit) return found;
      step = { ...step, key: end };
    }
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

  /** The last turn that a step of a search looks at; undefined where it comes to the history's end. */
  private async stepEnd(
    ownerId: string,
    { key, comparison, order }: OrdinalKeyset,
  ): Promise<number | undefined> {
    const after = key === undefined ? '' : `AND ordinal ${comparison} $2`;
    const near = `SELECT ordinal, ${SEARCHED_BYTES} AS bytes FROM turns WHERE owner_id = $1 ${after}
      ORDER BY ordinal ${order} LIMIT ${String(SEARCH_STEP_TURNS)}`;
    const [end] = await this.reader.read<{ ordinal: number | null }>(
      `/* history.step */ SELECT ${order === 'ASC' ? 'min' : 'max'}(ordinal) AS ordinal FROM (
         SELECT ordinal, row_number() OVER before AS n, sum(bytes) OVER before AS bytes
         FROM (${near}) AS near WINDOW before AS (ORDER BY ordinal ${order} ROWS UNBOUNDED PRECEDING)
       ) AS summed
       WHERE bytes >= ${String(SEARCH_STEP_BYTES)} OR n = ${String(SEARCH_STEP_TURNS)}`,
      key === undefined ? [ownerId] : [ownerId, key],
    );
    return end?.ordinal ?? undefined;
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

/** SQL: what a search reads of a turn. No database reads a text for its length. */
const SEARCHED_BYTES =
  '(octet_length(message) + octet_length(response) + coalesce(octet_length(folded), 0))';

/** More beginnings of a text within itself than this, and `LIKE` could compare each character so many times. */
const BEGINNINGS_MAX = 8;

/** The condition for turns with a folded text, and its `$3`. In linear time, whatever the texts. */
function matching(text: string): [condition: string, wanted: string] {
  const beginnings = text.split(text.charAt(0)).length - 1;
  const [has, wanted] =
    beginnings > BEGINNINGS_MAX
      ? [(column: string) => `strpos(${column}, $3) > 0`, text]
      : [(column: string) => `${column} LIKE $3 ESCAPE '\\'`, likePattern(text)];
  // In the collation C only A to Z become small, which is all that such texts need, and takes half the time.
  const asItIs = `${has('lower(message COLLATE "C")')} OR ${has('lower(response COLLATE "C")')}`;
  return [`CASE WHEN folded IS NULL THEN ${asItIs} ELSE ${has('folded')} END`, wanted];
}
