import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/tx.js';
import { NotFound } from '../errors.js';
import { StorageService } from '../wallet/storage.service.js';
import { CLIENT_CHAT_SIZE, CONVERSATION_SIZE, TURN_SIZE } from './sizes.js';

/**
 * Maximum number of turns that one statement deletes. Until a statement ends, SQLite keeps in memory what it must
 * restore if the statement fails, so one statement for a long conversation could take hundreds of megabytes.
 */
const TURNS_MAX = 25;

/** Deletes conversations with everything in them. */
@Injectable()
export class ConversationErasure {
  constructor(private readonly storage: StorageService) {}

  /**
   * Deletes a conversation and its turns, and subtracts their bytes from the owner's storage. The caller must
   * have locked the conversation and the owner's storage. Throws `NotFound`.
   */
  async erase(tx: Tx, ownerId: string, id: string): Promise<void> {
    const [erased] = await tx.read<{ bytes: number }>(
      `/* conversation.size */ SELECT ${CONVERSATION_SIZE}
         + (SELECT coalesce(sum(${TURN_SIZE}), 0) FROM turns WHERE conversation_id = $1)
         + (SELECT coalesce(sum(${CLIENT_CHAT_SIZE}), 0) FROM client_chats WHERE conversation_id = $1) AS bytes
       FROM conversations WHERE id = $1`,
      [id],
    );
    if (!erased) throw new NotFound();
    while ((await this.eraseTurns(tx, id)) === TURNS_MAX);
    await tx.write(
      `/* conversation.remove */ DELETE FROM conversations WHERE id = $1 RETURNING id`,
      [id],
    );
    await this.storage.remove(tx, ownerId, { bytes: erased.bytes, conversations: 1 });
  }

  private async eraseTurns(tx: Tx, id: string): Promise<number> {
    const turns = await tx.write(
      `/* conversation.remove_turns */ DELETE FROM turns WHERE id IN
         (SELECT id FROM turns WHERE conversation_id = $1 ORDER BY ordinal LIMIT ${String(TURNS_MAX)})
       RETURNING id`,
      [id],
    );
    return turns.length;
  }
}
