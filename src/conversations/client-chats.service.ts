import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { ClientChat } from './client-chat.entity.js';

/** In code points. */
export const CHAT_ID_MAX = 128;

/** Conversations by the ids that clients made for them: the same id goes on with the same conversation. */
@Injectable()
export class ClientChats {
  constructor(private readonly reader: ReadConnection) {}

  /** The conversation that the owner's client means; undefined before its first message. */
  async find(ownerId: string, chatId: string): Promise<string | undefined> {
    const [chat] = await this.reader.read<{ conversationId: string }>(
      `/* client_chat.find */ SELECT conversation_id AS "conversationId" FROM client_chats
       WHERE owner_id = $1 AND chat_id = $2`,
      [ownerId, chatId],
    );
    return chat?.conversationId;
  }

  /** Names a conversation that the same transaction opens. A name that is taken violates the primary key. */
  add(tx: Tx, chat: ClientChat): void {
    tx.insertLater(ClientChat, chat);
  }
}
