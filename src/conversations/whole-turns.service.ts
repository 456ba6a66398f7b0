import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { NotFound } from '../errors.js';
import { ConversationErasure } from './conversation-erasure.js';
import { ConversationsService } from './conversations.service.js';
import { StorageService } from '../wallet/storage.service.js';
import { TURN_SIZE } from './sizes.js';
import { titleOf } from './title.js';
import { Turn } from './turn.entity.js';

/** Maximum length of a chain. Longer ones contain more than any model can read. */
export const CHAIN_TURNS_MAX = 1000;

/**
 * Reads and deletes turns with all their stored fields: to return an answer again, to continue it, or to
 * delete it.
 */
@Injectable()
export class WholeTurnsService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly conversations: ConversationsService,
    private readonly storage: StorageService,
    private readonly erasure: ConversationErasure,
  ) {}

  /** Returns the owner's turns with these ids that exist, in no order. */
  find(ownerId: string, ids: readonly string[]): Promise<Turn[]> {
    return this.reader.repository(Turn).find({ where: { ownerId, id: In(ids) } });
  }

  /**
   * Returns the ids of a turn, the turn that it continues, and so on, newest first, `CHAIN_TURNS_MAX` at
   * most. The chain ends at a deleted turn. It is empty for a turn of another user.
   */
  async chain(ownerId: string, id: string): Promise<string[]> {
    const links = await this.reader.read<{ id: string }>(
      `/* turn.chain */ WITH RECURSIVE chain (id, previous_id, depth) AS (
         SELECT id, previous_id, 1 FROM turns WHERE id = $2 AND owner_id = $1
         UNION ALL
         SELECT turns.id, turns.previous_id, chain.depth + 1
         FROM chain JOIN turns ON turns.id = chain.previous_id
         WHERE turns.owner_id = $1 AND chain.depth < ${String(CHAIN_TURNS_MAX)})
       SELECT id FROM chain ORDER BY depth`,
      [ownerId, id],
    );
    return links.map((link) => link.id);
  }

  /**
   * Permanently deletes a turn. Its charge stays in the ledger. If it was the only turn of its conversation,
   * the conversation is deleted too. A title that was made from it is cleared. Throws `NotFound`.
   */
  async remove(tx: Tx, ownerId: string, id: string): Promise<void> {
    const conversationId = await this.conversationOf(tx, ownerId, id);
    const busyHoldId = await this.conversations.lock(tx, ownerId, conversationId);
    await this.storage.lock(tx, ownerId);
    const [removed] = await tx.write<{ message: string; bytes: number }>(
      `/* turn.remove */ DELETE FROM turns WHERE id = $2 AND owner_id = $1 RETURNING message, ${TURN_SIZE} AS bytes`,
      [ownerId, id],
    );
    if (!removed) throw new NotFound();
    await this.storage.remove(tx, ownerId, { bytes: removed.bytes, conversations: 0 });
    const remainingTurns = await tx.read(
      `/* turn.left */ SELECT id FROM turns WHERE conversation_id = $1 LIMIT 1`,
      [conversationId],
    );
    if (remainingTurns.length > 0 || busyHoldId !== undefined) {
      await tx.write(
        `/* conversation.untitle */ UPDATE conversations SET title = ''
         WHERE id = $1 AND title = $2 RETURNING id`,
        [conversationId, titleOf(removed.message)],
      );
      return;
    }
    await this.erasure.erase(tx, ownerId, conversationId);
  }

  private async conversationOf(tx: Tx, ownerId: string, id: string): Promise<string> {
    const [turn] = await tx.read<{ conversationId: string }>(
      `/* turn.conversation */ SELECT conversation_id AS "conversationId" FROM turns
       WHERE id = $2 AND owner_id = $1`,
      [ownerId, id],
    );
    if (!turn) throw new NotFound();
    return turn.conversationId;
  }
}
