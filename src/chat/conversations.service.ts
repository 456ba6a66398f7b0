import { Injectable } from '@nestjs/common';
import { nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { Reader } from '../database/reader.js';
import { ConversationBusy, NotFound } from '../errors.js';
import { Conversation } from './conversation.entity.js';
import { Turn } from './turn.entity.js';
import type { ChatMessage } from './providers/provider.js';
import { estimatePrompt } from './pricing.js';

const TITLE_MAX_CHARS = 80;
/** Earlier turns looked at for a context; a budget that would take more is larger than any model's. */
const CONTEXT_TURNS_MAX = 200;

/** Threads of turns. */
@Injectable()
export class ConversationsService {
  constructor(private readonly reader: Reader) {}

  /** Throws `NotFound` for an unknown id, and for somebody else's alike. */
  async find(ownerId: string, id: string): Promise<Conversation> {
    const conversation = await this.reader.manager.findOneBy(Conversation, { ownerId, id });
    if (!conversation) throw new NotFound();
    return conversation;
  }

  /** What the model is told before the new message: the system text, then the newest turns that fit. */
  async context(conversation: Conversation, budgetTokens: number): Promise<ChatMessage[]> {
    const { id: conversationId, system } = conversation;
    const first: ChatMessage[] = system === null ? [] : [{ role: 'system', content: system }];
    let left = budgetTokens - estimatePrompt(first);
    const turns = await this.reader.manager.find(Turn, {
      where: { conversationId, status: 'complete' },
      order: { id: 'DESC' },
      take: CONTEXT_TURNS_MAX,
    });
    const earlier: ChatMessage[] = [];
    for (const { message, response } of turns) {
      const pair: ChatMessage[] = [
        { role: 'user', content: message },
        { role: 'assistant', content: response },
      ];
      left -= estimatePrompt(pair);
      if (left < 0) break;
      earlier.unshift(...pair);
    }
    return [...first, ...earlier];
  }

  /**
   * Takes the conversation for one answer; call it before the hold, and `occupy` after it. The update locks
   * the row, so the look at the hold that follows sees what a rival has committed. Throws
   * `ConversationBusy` while an answer is under way: that is, while its hold is open.
   */
  async claim(tx: Tx, ownerId: string, id: string): Promise<void> {
    const [conversation] = await tx.rows<{ busyHoldId: string | null }>(
      `/* conversation.claim */ UPDATE conversations SET updated_at = $3
       WHERE id = $1 AND owner_id = $2 RETURNING busy_hold_id AS "busyHoldId"`,
      [id, ownerId, nowMicros()],
    );
    if (!conversation) throw new NotFound();
    const open = await tx.rows(
      `/* conversation.busy */ SELECT id FROM holds WHERE id = $1 AND state = 'open'`,
      [conversation.busyHoldId],
    );
    if (open.length > 0) throw new ConversationBusy();
  }

  async occupy(tx: Tx, id: string, holdId: string): Promise<void> {
    await tx.manager.update(Conversation, { id }, { busyHoldId: holdId });
  }

  /** Opens a conversation; without a title it is named after the first message. */
  async open(
    tx: Tx,
    conversation: Pick<Conversation, 'id' | 'ownerId' | 'title' | 'model' | 'system'>,
  ): Promise<Conversation> {
    const createdAt = nowMicros();
    const title = Array.from(conversation.title).slice(0, TITLE_MAX_CHARS).join('');
    const row = { ...conversation, title, busyHoldId: null, createdAt, updatedAt: createdAt };
    await tx.manager.insert(Conversation, row);
    return row;
  }
}
