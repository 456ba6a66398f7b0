import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';

/** Maximum length of an id, in code points. */
export const CHAT_ID_MAX = 128;

/**
 * Finds conversations by the ids that clients chose for them. The same id continues the same conversation.
 */
@Injectable()
export class ClientChats {
  constructor(private readonly reader: ReadConnection) {}

  /** Returns the conversation with the client's id, or undefined before its first message. */
  async find(ownerId: string, chatId: string): Promise<string | undefined> {
    const [chat] = await this.reader.read<{ conversationId: string }>(
      `/* client_chat.find */ SELECT conversation_id AS "conversationId" FROM client_chats
       WHERE owner_id = $1 AND chat_id = $2`,
      [ownerId, chatId],
    );
    return chat?.conversationId;
  }
}
