import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { nowMicros } from '../time.js';
import type { Tx } from '../database/transactions/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { UUID } from '../http/ids.js';
import { ConversationBusy, NotFound } from '../errors.js';
import { ClientChat } from './client-chat.entity.js';
import { Conversation } from './conversation.entity.js';
import { ConversationErasure } from './conversation-erasure.js';
import { CONVERSATION_SIZE, sizeOfConversation } from './sizes.js';
import { titleOf } from './title.js';
import { HoldsService } from '../wallet/holds/holds.service.js';
import { StorageService } from '../wallet/storage.service.js';

export const CONVERSATION = `id, title, model, system, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** The fields of a conversation that its owner can read. */
export type OwnConversation = Pick<
  Conversation,
  'id' | 'title' | 'model' | 'system' | 'createdAt' | 'updatedAt'
>;

/** The fields that its owner may set. */
export type ConversationSettings = Pick<Conversation, 'title' | 'model' | 'system'>;

/** Reads, locks, opens, changes and deletes conversations. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly holds: HoldsService,
    private readonly storage: StorageService,
    private readonly erasure: ConversationErasure,
  ) {}

  /**
   * Returns a conversation of the owner. Throws `NotFound` for an unknown id, and for a conversation of
   * another user.
   */
  async find(ownerId: string, id: string): Promise<OwnConversation> {
    assertId(id);
    const [conversation] = await this.reader.read<OwnConversation>(
      `/* conversation.find */ SELECT ${CONVERSATION} FROM conversations
       WHERE id = $1 AND owner_id = $2`,
      [id, ownerId],
    );
    if (!conversation) throw new NotFound();
    return conversation;
  }

  /**
   * Locks the conversation for one answer. Call it before the hold, and call `markBusy` after it. Throws
   * `ConversationBusy` while an answer is under way, which means that its hold is open.
   */
  async lockForAnswer(tx: Tx, ownerId: string, id: string): Promise<void> {
    const busyHoldId = await this.lock(tx, ownerId, id);
    if (busyHoldId !== undefined) throw new ConversationBusy(busyHoldId);
  }

  /**
   * Locks the conversation's row, and returns the hold of the answer under way, if there is one. The update
   * locks the row, so the query of the hold after it sees the commits of concurrent transactions. Throws
   * `NotFound`.
   */
  async lock(tx: Tx, ownerId: string, id: string): Promise<string | undefined> {
    assertId(id);
    const [conversation] = await tx.write<{ busyHoldId: string | null }>(
      `/* conversation.lock */ UPDATE conversations SET updated_at = $3
       WHERE id = $1 AND owner_id = $2 RETURNING busy_hold_id AS "busyHoldId"`,
      [id, ownerId, nowMicros()],
    );
    if (!conversation) throw new NotFound();
    const { busyHoldId } = conversation;
    if (busyHoldId === null || !(await this.holds.isOpen(tx, busyHoldId))) return undefined;
    return busyHoldId;
  }

  /** Sets the hold of the answer under way. A conversation without a title gets a title from the message. */
  async markBusy(tx: Tx, id: string, holdId: string, message: string): Promise<void> {
    await tx.write(
      `/* conversation.occupy */ UPDATE conversations SET busy_hold_id = $2,
         title = CASE WHEN title = '' THEN $3 ELSE title END WHERE id = $1 RETURNING id`,
      [id, holdId, titleOf(message)],
    );
  }

  /**
   * Sets the given fields and leaves the others unchanged. Throws `NotFound`, and `StorageFull` for a longer
   * system text.
   */
  async change(
    tx: Tx,
    ownerId: string,
    id: string,
    settings: Partial<ConversationSettings>,
  ): Promise<OwnConversation> {
    assertId(id);
    const [before] = await tx.write<{ bytes: number }>(
      `/* conversation.resize */ UPDATE conversations SET updated_at = $3
       WHERE id = $1 AND owner_id = $2 RETURNING ${CONVERSATION_SIZE} AS bytes`,
      [id, ownerId, nowMicros()],
    );
    if (!before) throw new NotFound();
    const { title, system } = settings;
    if (system !== undefined) {
      const bytes = sizeOfConversation({ system }) - before.bytes;
      await this.storage.add(tx, ownerId, { bytes, conversations: 0 });
    }
    const conversations = await tx.repository(Conversation);
    const named = { ...settings, ...(title !== undefined && { title: titleOf(title) }) };
    await conversations.update({ id, ownerId }, { ...named, updatedAt: nowMicros() });
    const conversation = await conversations.findOneBy({ id, ownerId });
    if (!conversation) throw new NotFound();
    return conversation;
  }

  /**
   * Deletes a conversation and its turns. Of a long one it deletes the oldest turns only and returns false: the caller
   * must call it again in another transaction. The charges stay in the ledger.
   *
   * Throws `NotFound`, and `ConversationBusy` while the answer runs that has marked the conversation, because that
   * answer is paid for and must be saved. A continuation that runs longer than that answer is not protected.
   */
  async remove(tx: Tx, ownerId: string, id: string): Promise<boolean> {
    await this.lockForAnswer(tx, ownerId, id);
    await this.storage.lock(tx, ownerId);
    return this.erasure.erase(tx, ownerId, id);
  }

  /** Opens an empty conversation of the owner. Throws `StorageFull`. */
  async create(tx: Tx, ownerId: string, settings: ConversationSettings): Promise<Conversation> {
    const stored = { bytes: sizeOfConversation(settings), conversations: 1 };
    const ordinal = await this.storage.add(tx, ownerId, stored);
    return this.open(tx, { id: newId(), ownerId, ordinal, ...settings, busyHoldId: null });
  }

  /**
   * Opens a conversation. `ordinal` must come from the owner's wallet, which also counts the conversation, in
   * the same transaction. If the client's id `chatId` is already used, it violates the primary key.
   */
  open(
    tx: Tx,
    conversation: Omit<Conversation, 'createdAt' | 'updatedAt'>,
    chatId?: string,
  ): Conversation {
    const { id, ownerId, ordinal, title, model, system, busyHoldId } = conversation;
    const createdAt = nowMicros();
    // Written field by field: a spread makes V8 look up and add each field by its name.
    const row: Conversation = {
      id,
      ownerId,
      ordinal,
      title: titleOf(title),
      model,
      system,
      busyHoldId,
      createdAt,
      updatedAt: createdAt,
    };
    tx.insertLater(Conversation, row);
    if (chatId !== undefined) tx.insertLater(ClientChat, { ownerId, chatId, conversationId: id });
    return row;
  }
}

/** Throws `NotFound` for a text that is not an id, so that it never reaches the database. */
function assertId(id: string): void {
  if (!UUID.test(id)) throw new NotFound();
}
