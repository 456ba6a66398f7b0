import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { notAChoice } from '../shown-text.js';
import { ValidationFailed } from '../errors.js';
import { UUID } from '../http/ids.js';
import {
  NUMBER_OR_ID_KEY,
  paginate,
  type Keyset,
  type PageRequest,
  type Paginated,
} from '../http/pagination.js';
import { ACTIVITY_KEY, ActiveConversations, activityKeyOf } from './active-conversations.js';
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

/** Lists the conversations of an owner. */
@Injectable()
export class ConversationPages {
  constructor(
    private readonly reader: ReadConnection,
    private readonly order: SavingOrder,
    private readonly active: ActiveConversations,
  ) {}

  /**
   * Returns a page of conversations. Throws `ValidationFailed` for an unknown ordering, and `NotFound` for a
   * cursor that is not in our format. By activity, stops when `disconnectSignal` is aborted, and may throw `Throttled`.
   */
  list(
    ownerId: string,
    asked: PageRequest,
    ordering: string,
    disconnectSignal: AbortSignal,
  ): Promise<Paginated<OwnConversation>> {
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
    const read = (keyset: Keyset) => this.active.read(ownerId, keyset, disconnectSignal);
    return paginate(asked, read, ACTIVITY_KEY, activityKeyOf, bytesOf, first);
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
}

function orderingOf(name: string): (typeof ORDERINGS)[keyof typeof ORDERINGS] {
  if (Object.hasOwn(ORDERINGS, name)) return ORDERINGS[name as keyof typeof ORDERINGS];
  throw new ValidationFailed({ ordering: [notAChoice(name)] });
}
