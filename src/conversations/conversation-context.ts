import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { estimatePrompt, tokensOfBytes } from '../models/prompt.js';
import type { ChatMessage } from '../models/provider.js';
import type { OwnConversation } from './conversations.service.js';
import { newestTurn } from './newest-turn.js';

/** Maximum number of earlier turns in a context. A budget for more turns is larger than that of any model. */
const CONTEXT_TURNS_MAX = 200;

/**
 * The answer that the model is sent for a question whose answer was stopped before its first word. Providers
 * refuse an empty answer, and many refuse two questions in a row.
 */
const EMPTY_ANSWER_TEXT = '(The answer was stopped before its first word.)';
/** The message that the model is sent for one without text, such as a picture alone. Providers refuse it empty. */
const EMPTY_MESSAGE_TEXT = '(The message had no text.)';

/** Reads what a model is sent of a conversation. */
@Injectable()
export class ConversationContext {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * Returns the messages that the model is sent before the new message: the system text, then the newest
   * turns that fit. If `lastId` is given, turns saved after it are left out. An answer that was stopped or
   * cut was paid for, so its output is sent. Turns that failed are not sent.
   */
  async read(
    conversation: OwnConversation,
    budgetTokens: number,
    lastId?: string,
  ): Promise<ChatMessage[]> {
    const { id: conversationId, system } = conversation;
    const first: ChatMessage[] = system === null ? [] : [{ role: 'system', content: system }];
    let tokensLeft = budgetTokens - estimatePrompt(first);
    const turns = await this.readTurns(conversationId, tokensLeft, lastId);
    const earlier: ChatMessage[] = [];
    for (const { message, response } of turns) {
      const pair: ChatMessage[] = [
        { role: 'user', content: message.trim() === '' ? EMPTY_MESSAGE_TEXT : message },
        { role: 'assistant', content: response === '' ? EMPTY_ANSWER_TEXT : response },
      ];
      tokensLeft -= estimatePrompt(pair);
      if (tokensLeft < 0) break;
      earlier.unshift(...pair);
    }
    return [...first, ...earlier];
  }

  /**
   * Returns the newest turns to send, the newest first: those that fit, and possibly one more. Their lengths
   * are read first. All texts of a long conversation could fill the memory if many requests read them at
   * once.
   */
  private async readTurns(
    conversationId: string,
    budgetTokens: number,
    lastId: string | undefined,
  ): Promise<{ message: string; response: string }[]> {
    const fromContextTurns = `FROM turns WHERE conversation_id = $1 AND ((status = 'complete' AND response <> '')
         OR (status = 'aborted' AND (response <> '' OR prompt_tokens > 0)))
         ${lastId === undefined ? '' : 'AND ordinal <= (SELECT ordinal FROM turns WHERE id = $3)'}`;
    const parameters = [
      conversationId,
      CONTEXT_TURNS_MAX,
      ...(lastId === undefined ? [] : [lastId]),
    ];
    const lengths = await this.reader.read<{ ordinal: number; bytes: number }>(
      `/* conversation.lengths */ SELECT ordinal, octet_length(message) + octet_length(response) AS bytes
       ${fromContextTurns} ORDER BY ordinal DESC LIMIT $2`,
      parameters,
    );
    let tokensLeft = budgetTokens;
    let oldest: number | undefined;
    for (const { ordinal, bytes } of lengths) {
      tokensLeft -= tokensOfBytes(bytes);
      if (tokensLeft < 0) break;
      oldest = ordinal;
    }
    if (oldest === undefined) return [];
    return this.reader.read(
      `/* conversation.context */ SELECT message, response ${fromContextTurns} AND ordinal >= $${String(parameters.push(oldest))}
       ORDER BY ordinal DESC LIMIT $2`,
      parameters,
    );
  }

  /** Returns the number of the newest turn of a conversation; 0 if it has none, or if the text is no id. */
  newestTurn(conversationId: string): Promise<number> {
    return newestTurn(this.reader, conversationId);
  }
}
