import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/transactions/tx.js';
import { NotFound } from '../errors.js';
import { StorageService } from '../wallet/storage.service.js';
import { idsOfOldestTurns, sumOfDeleted } from './oldest-turns.js';
import { CLIENT_CHAT_SIZE, CONVERSATION_SIZE, TURN_SIZE } from './sizes.js';

/** Deletes conversations with everything in them. */
@Injectable()
export class ConversationErasure {
  constructor(private readonly storage: StorageService) {}

  /**
   * Deletes the oldest turns of a conversation, and the conversation if no turn is left. Subtracts the bytes from the
   * owner's storage. Returns whether the conversation is deleted; if not, call it again in another transaction. The
   * caller must have locked the conversation and the owner's storage. Throws `NotFound`.
   */
  async erase(tx: Tx, ownerId: string, id: string): Promise<boolean> {
    const turns = await tx.write<{ bytes: number }>(
      `/* conversation.remove_turns */ DELETE FROM turns WHERE id IN (${idsOfOldestTurns('conversation_id = $1')})
       RETURNING ${TURN_SIZE} AS bytes`,
      [id],
    );
    const { bytes, mayBeLeft } = sumOfDeleted(turns);
    if (mayBeLeft) {
      await this.storage.remove(tx, ownerId, { bytes, conversations: 0 });
      return false;
    }
    const [rest] = await tx.read<{ bytes: number }>(
      `/* conversation.size */ SELECT ${CONVERSATION_SIZE}
         + (SELECT coalesce(sum(${CLIENT_CHAT_SIZE}), 0) FROM client_chats WHERE conversation_id = $1) AS bytes
       FROM conversations WHERE id = $1`,
      [id],
    );
    if (!rest) throw new NotFound();
    await tx.write(
      `/* conversation.remove */ DELETE FROM conversations WHERE id = $1 RETURNING id`,
      [id],
    );
    await this.storage.remove(tx, ownerId, { bytes: bytes + rest.bytes, conversations: 1 });
    return true;
  }
}
