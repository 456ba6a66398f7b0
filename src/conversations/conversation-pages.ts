import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { ValidationFailed } from '../errors.js';
import { UUID } from '../http/ids.js';
import { UUID_PATTERN } from '../new-id.js';
import {
  NUMBER_OR_ID_KEY,
  paginate,
  type Keyset,
  type PageRequest,
  type Paginated,
} from '../http/pagination.js';
import type { Conversation } from './conversation.entity.js';
import { CONVERSATION, type OwnConversation } from './conversations.service.js';
import { SavingOrder } from './saving-order.js';

/** Returns the bytes that a conversation adds to a page. */
const bytesOf = ({ title, system }: OwnConversation) => Buffer.byteLength(title + (system ?? ''));

type ListedConversation = OwnConversation & Pick<Conversation, 'ordinal'>;

/** The orders of the list, by their names in `?ordering=`. */
export const ORDERINGS = {
  '-created_at': { by: 'ordinal', first: 'newest' },
  created_at: { by: 'ordinal', first: 'oldest' },
  '-updated_at': { by: 'updatedAt', first: 'newest' },
  updated_at: { by: 'updatedAt', first: 'oldest' },
} as const;
export const ORDERING_DEFAULT = '-created_at';

/**
 * The cursor of the order by activity. It contains the time that the row had when the page was read. The row may get
 * a later time meanwhile, and a page from there would repeat rows.
 */
const UPDATED_KEY = new RegExp(`^(\\d{1,17})\\.(${UUID_PATTERN})$`);

/** Lists the conversations of an owner. */
@Injectable()
export class ConversationPages {
  constructor(
    private readonly reader: ReadConnection,
    private readonly order: SavingOrder,
  ) {}

  /**
   * Returns a page of conversations. Throws `ValidationFailed` for an unknown ordering, and `NotFound` for a
   * cursor that is not in our format.
   */
  list(ownerId: string, asked: PageRequest, ordering: string): Promise<Paginated<OwnConversation>> {
    const { by, first } = orderingOf(ordering);
    if (by === 'ordinal') {
      const read = (keyset: Keyset) => this.bySaving(ownerId, keyset);
      return paginate(
        asked,
        read,
        NUMBER_OR_ID_KEY,
        ({ ordinal }) => String(ordinal),
        bytesOf,
        first,
      );
    }
    const read = (keyset: Keyset) => this.byActivity(ownerId, keyset);
    const keyOf = ({ updatedAt, id }: OwnConversation) => `${String(updatedAt)}.${id}`;
    return paginate(asked, read, UPDATED_KEY, keyOf, bytesOf, first);
  }

  private async bySaving(ownerId: string, keyset: Keyset): Promise<ListedConversation[]> {
    const isId = keyset.key !== undefined && UUID.test(keyset.key);
    const { key, comparison, order, limit } = isId
      ? await this.order.ofConversation(ownerId, keyset)
      : keyset;
    const after = key === undefined ? '' : `AND ordinal ${comparison} $3`;
    return this.reader.read<ListedConversation>(
      `/* conversation.list */ SELECT ${CONVERSATION}, ordinal FROM conversations
       WHERE owner_id = $1 ${after} ORDER BY ordinal ${order} LIMIT $2`,
      [ownerId, limit, ...(key === undefined ? [] : [Number(key)])],
    );
  }

  private byActivity(ownerId: string, keyset: Keyset): Promise<ListedConversation[]> {
    const { key, comparison, order, limit } = keyset;
    const [, moment, id] = UPDATED_KEY.exec(key ?? '') ?? [];
    const after = moment === undefined ? '' : `AND (updated_at, id) ${comparison} ($3, $4)`;
    return this.reader.read<ListedConversation>(
      `/* conversation.by_activity */ SELECT ${CONVERSATION}, ordinal FROM conversations
       WHERE owner_id = $1 ${after} ORDER BY updated_at ${order}, id ${order} LIMIT $2`,
      [ownerId, limit, ...(moment === undefined ? [] : [Number(moment), id])],
    );
  }
}

function orderingOf(name: string): (typeof ORDERINGS)[keyof typeof ORDERINGS] {
  if (Object.hasOwn(ORDERINGS, name)) return ORDERINGS[name as keyof typeof ORDERINGS];
  throw new ValidationFailed({ ordering: [`"${name}" is not a valid choice.`] });
}
