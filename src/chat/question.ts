import type { ChatMessage } from '../models/provider.js';

/** A question of a caller, from any of the routes that answer. */
export interface Question {
  /** The name of the route. The same idempotency key on two routes protects two messages. */
  readonly route: string;
  /** The text that the history stores. */
  readonly message: string;
  readonly idempotencyKey?: string | undefined;
  readonly model?: string | undefined;
  /** The conversation to continue. Without it the question opens a new one. */
  readonly conversationId?: string | undefined;
  /** The client's own id of the conversation. The first message with an id opens the conversation. */
  readonly chatId?: string | undefined;
  /** The id of the conversation that is opened together with the hold, for `chatId`. */
  readonly newConversationId?: string | undefined;
  /** The whole context, if the caller sends it. Otherwise the context is the turns of the conversation. */
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly maxTokens?: number | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** The part of the request, beside the message, that the turn stores, in JSON. The route reads it again later. */
  readonly request?: string | undefined;
  /**
   * The turn to continue from, of the same owner. Any number of questions can continue from one turn, also at once.
   */
  readonly previousId?: string | undefined;
  /** False if the question and its answer must not be stored. Then only the ledger records the request. */
  readonly isKept?: boolean | undefined;
  /**
   * Adds what must be read from the history. It runs only when the idempotency key is known to be new,
   * because a replay does not need it. The hash of the key does not cover what it adds.
   */
  readonly prepare?: (() => Promise<Question>) | undefined;
}

/**
 * Adds a check of the question, such as whether its model is served. With an idempotency key the check runs only when
 * the key is known to be new, so that a paid answer is replayed even if its question would now be refused.
 */
export function withCheck(question: Question, check: () => void): Question {
  const { idempotencyKey, prepare } = question;
  if (idempotencyKey === undefined) {
    check();
    return question;
  }
  const checkAndPrepare = async () => {
    check();
    return (await prepare?.()) ?? question;
  };
  return { ...question, prepare: checkAndPrepare };
}
