import { Injectable } from '@nestjs/common';
import { LongReads } from '../database/long-reads.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import { UUID_PATTERN } from '../new-id.js';
import { CONVERSATION, type OwnConversation } from './conversations.service.js';

/** Maximum number of conversations that one statement examines. */
const STEP_CONVERSATIONS = 2000;

/**
 * The cursor of the order by activity. It contains the time that the row had when the page was read. The row may get
 * a later time meanwhile, and a page from there would repeat rows.
 */
export const ACTIVITY_KEY = new RegExp(`^(\\d{1,17})\\.(${UUID_PATTERN})$`);

export const activityKeyOf = ({ updatedAt, id }: OwnConversation) => `${String(updatedAt)}.${id}`;

interface Step {
  readonly rows: OwnConversation[];
  /** The number of the last conversation that was examined. Undefined if there are no more. */
  readonly last: number | undefined;
}

/**
 * Reads the conversations of an owner in the order of their last change. No index has this order, because every
 * message would write an entry of it, for each owner on another page. So all conversations of the owner are examined.
 * `CONVERSATIONS_MAX` bounds their number. If there are many, they are examined in steps, like the turns of a search.
 */
@Injectable()
export class ActiveConversations {
  constructor(
    private readonly reader: ReadConnection,
    private readonly longReads: LongReads,
  ) {}

  /**
   * Returns the conversations of the keyset. If a conversation changes meanwhile, it is at its old or its new place.
   * Stops when `disconnectSignal` is aborted. If there are many conversations, throws `Throttled` if a search or
   * another such list of the owner does not end in time.
   */
  async read(
    ownerId: string,
    keyset: Keyset,
    disconnectSignal: AbortSignal,
  ): Promise<OwnConversation[]> {
    const first = await this.step(ownerId, keyset, -1);
    if (first.last === undefined) return first.rows;
    return this.longReads.runForOwner(ownerId, disconnectSignal, () =>
      this.readOn(ownerId, keyset, first, disconnectSignal),
    );
  }

  private async readOn(
    ownerId: string,
    keyset: Keyset,
    first: Step,
    disconnectSignal: AbortSignal,
  ): Promise<OwnConversation[]> {
    let { rows } = first;
    const steps = this.longReads.steps(disconnectSignal, first.last, (after) =>
      this.step(ownerId, keyset, after),
    );
    for await (const step of steps) {
      rows = [...rows, ...step.rows].sort(comparisonIn(keyset)).slice(0, keyset.limit);
    }
    return rows;
  }

  /** Examines the conversations with the next numbers after `after`. */
  private async step(
    ownerId: string,
    { key, comparison, order, limit }: Keyset,
    after: number,
  ): Promise<Step> {
    const [end] = await this.reader.read<{ ordinal: number }>(
      `/* conversation.step */ SELECT ordinal FROM conversations WHERE owner_id = $1 AND ordinal > $2
       ORDER BY ordinal LIMIT 1 OFFSET ${String(STEP_CONVERSATIONS - 1)}`,
      [ownerId, after],
    );
    const last = end?.ordinal;
    const [, moment, id] = ACTIVITY_KEY.exec(key ?? '') ?? [];
    const beyond = moment === undefined ? '' : `AND (updated_at, id) ${comparison} ($5, $6)`;
    const rows = await this.reader.read<OwnConversation>(
      `/* conversation.by_activity */ SELECT ${CONVERSATION} FROM conversations
       WHERE owner_id = $1 AND ordinal > $3 AND ordinal <= $4 ${beyond}
       ORDER BY updated_at ${order}, id ${order} LIMIT $2`,
      [
        ownerId,
        limit,
        after,
        last ?? Number.MAX_SAFE_INTEGER,
        ...(moment === undefined ? [] : [Number(moment), id]),
      ],
    );
    return { rows, last };
  }
}

/** Returns the order of a keyset as a function for `sort`. */
const comparisonIn =
  ({ order }: Keyset) =>
  (one: OwnConversation, other: OwnConversation): number => {
    const [first, second] = order === 'ASC' ? [one, other] : [other, one];
    return first.updatedAt - second.updatedAt || (first.id < second.id ? -1 : 1);
  };
