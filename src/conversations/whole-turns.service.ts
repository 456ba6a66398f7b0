import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { NotFound } from '../errors.js';
import { ConversationErasure } from './conversation-erasure.js';
import { ConversationsService } from './conversations.service.js';
import { StorageService } from '../wallet/storage.service.js';
import { TURN_SIZE } from './sizes.js';
import { titleOf } from './title.js';
import { Turn } from './turn.entity.js';

/** Maximum length of a chain. Longer ones contain more than any model can read. */
export const CHAIN_TURNS_MAX = 1000;

/** The stored fields of an answer that a later request can refer to. */
export type TurnAnswer = Pick<
  Turn,
  'id' | 'status' | 'response' | 'reasoning' | 'thoughtParts' | 'toolCalls'
>;

/** The stored fields of a turn that a later request can continue. */
export type TurnExchange = TurnAnswer & Pick<Turn, 'conversationId' | 'request'>;

const ANSWER = `id, status, response, reasoning, thought_parts AS "thoughtParts", tool_calls AS "toolCalls"`;

/** SQL for the length of an answer in bytes. The databases do not read the texts to get their lengths. */
const ANSWER_BYTES = `octet_length(response) + coalesce(octet_length(reasoning), 0)
  + coalesce(octet_length(thought_parts), 0) + coalesce(octet_length(tool_calls), 0)`;

/**
 * SQL for turns by their ids. `owner_id || ''` is an expression, so SQLite cannot use the index on the owner. With
 * that index it would search all turns of the owner instead of the listed ids.
 */
const OWNED_AND_LISTED = `id = ANY($2) AND owner_id || '' = $1`;

/** The id of a turn, and the length in bytes of the texts that would be read. */
export interface TurnLength {
  readonly id: string;
  readonly bytes: number;
}

/**
 * Reads and deletes turns of responses: to return an answer again, to continue it, to refer to it, or to
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

  /** Returns the lengths of the answers of the owner's turns with these ids that exist, in no order. */
  answerLengths(ownerId: string, ids: readonly string[]): Promise<TurnLength[]> {
    return this.reader.read(
      `/* turn.lengths */ SELECT id, ${ANSWER_BYTES} AS bytes FROM turns
       WHERE ${OWNED_AND_LISTED}`,
      [ownerId, ids],
    );
  }

  /** Returns the answers of the owner's turns with these ids that exist, in no order. */
  answers(ownerId: string, ids: readonly string[]): Promise<TurnAnswer[]> {
    return this.reader.read(
      `/* turn.answers */ SELECT ${ANSWER} FROM turns WHERE ${OWNED_AND_LISTED}`,
      [ownerId, ids],
    );
  }

  /** Returns the requests and answers of the owner's turns with these ids that exist, in no order. */
  exchanges(ownerId: string, ids: readonly string[]): Promise<TurnExchange[]> {
    return this.reader.read(
      `/* turn.exchanges */ SELECT ${ANSWER}, request, conversation_id AS "conversationId" FROM turns
       WHERE ${OWNED_AND_LISTED}`,
      [ownerId, ids],
    );
  }

  /**
   * Returns the ids and lengths of a turn, the turn that it continues, and so on, newest first,
   * `CHAIN_TURNS_MAX` at most. The chain ends at a deleted turn. It is empty for a turn of another user.
   */
  chain(ownerId: string, id: string): Promise<TurnLength[]> {
    const bytes = `${ANSWER_BYTES} + coalesce(octet_length(request), 0)`;
    return this.reader.read(
      `/* turn.chain */ WITH RECURSIVE chain (id, previous_id, depth, bytes) AS (
         SELECT id, previous_id, 1, ${bytes} FROM turns WHERE id = $2 AND owner_id = $1
         UNION ALL
         SELECT turns.id, turns.previous_id, chain.depth + 1, ${bytes}
         FROM chain JOIN turns ON turns.id = chain.previous_id
         WHERE turns.owner_id = $1 AND chain.depth < ${String(CHAIN_TURNS_MAX)})
       SELECT id, bytes FROM chain ORDER BY depth`,
      [ownerId, id],
    );
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
    // Nothing is left, so one call is enough.
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
