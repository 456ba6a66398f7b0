import type { ChatMessage } from '../models/providers/provider.js';

/** What a caller asks, whichever door they came through. */
export interface Question {
  /** The door: the same key on two of them protects two messages. */
  readonly route: 'chat' | 'messages' | 'completions';
  /** What the history keeps of it. */
  readonly message: string;
  readonly idempotencyKey?: string | undefined;
  readonly model?: string | undefined;
  /** The thread that it goes on with; without one it opens its own. */
  readonly conversationId?: string | undefined;
  /** The whole context where the caller brings it; otherwise the conversation's turns. */
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly maxTokens?: number | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}
