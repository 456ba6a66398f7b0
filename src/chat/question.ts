import type { ChatMessage } from '../models/providers/provider.js';

/** What a caller asks, whichever door they came through. */
export interface Question {
  /** The door: the same key on two of them protects two messages. */
  readonly route: 'chat' | 'messages' | 'completions' | 'responses';
  /** What the history keeps of it. */
  readonly message: string;
  readonly idempotencyKey?: string | undefined;
  readonly model?: string | undefined;
  /** The thread that it goes on with; without one it opens its own. */
  readonly conversationId?: string | undefined;
  /** The thread by its client's own id; the first message under an id opens it. */
  readonly chatId?: string | undefined;
  /** The id of the conversation that is opened together with the hold, for `chatId`. */
  readonly opens?: string | undefined;
  /** The whole context where the caller brings it; otherwise the conversation's turns. */
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly maxTokens?: number | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** What the turn keeps of the request beside the message, in JSON; for its door to read again. */
  readonly request?: string | undefined;
  /** The turn that it goes on with, of the same owner. Any number may go on with one, at once too. */
  readonly previousId?: string | undefined;
  /** False where nothing of the question and its answer is to be kept: only the ledger tells of it. */
  readonly isKept?: boolean | undefined;
  /**
   * Adds what is read from the history, once the Idempotency-Key is known to be new: a replay needs none of it.
   * What it adds is no part of what the key protects.
   */
  readonly prepare?: (() => Promise<Question>) | undefined;
}
