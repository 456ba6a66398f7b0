import {
  sizeOfClientChat,
  sizeOfConversation,
  sizeOfTurn,
  type TurnTexts,
} from '../conversations/sizes.js';
import { foldedBeside } from '../database/folded-text.js';
import type { Principal } from '../principal.js';
import { NOTHING_STORED, type Stored } from '../wallet/stored.js';
import type { Outcome } from './outcome.js';
import type { Question } from './question.js';
import { toStorableText } from '../database/storable-text.js';

/** The texts of a question and its answer that a turn stores. */
export type TurnContent = Required<TurnTexts>;

type AnswerTexts = Pick<Outcome, 'response' | 'reasoning' | 'thoughtParts' | 'toolCalls'>;

const NO_ANSWER: AnswerTexts = { response: '', reasoning: '', thoughtParts: '', toolCalls: [] };

/** Returns the texts to store for a question and, if there is one, its answer. */
export function contentOf(
  { key }: Principal,
  question: Question,
  { response, reasoning, thoughtParts, toolCalls }: AnswerTexts = NO_ANSWER,
): TurnContent {
  const [message, answer] = [toStorableText(question.message), toStorableText(response)];
  return {
    message,
    response: answer,
    folded: foldedBeside(message, answer),
    reasoning: reasoning === '' ? null : toStorableText(reasoning),
    thoughtParts: thoughtParts === '' ? null : thoughtParts,
    toolCalls: toolCalls.length > 0 ? JSON.stringify(toolCalls) : null,
    request: question.request ?? null,
    keyName: key?.name ?? null,
  };
}

/**
 * Returns what the database stores for the conversation that a question opens. Returns nothing if the
 * question continues a conversation or is not to be kept.
 */
export function storageOfNewConversation(question: Question): Stored {
  const { conversationId, isKept = true, newConversationId, chatId } = question;
  if (!isKept || conversationId !== undefined) return NOTHING_STORED;
  const clientIdBytes =
    newConversationId !== undefined && chatId !== undefined ? sizeOfClientChat({ chatId }) : 0;
  return { bytes: sizeOfConversation({ system: null }) + clientIdBytes, conversations: 1 };
}

/** Returns the size of a turn in bytes; 0 if it is not to be kept. */
export const bytesOf = (content: TurnContent, { isKept = true }: Pick<Question, 'isKept'>) =>
  isKept ? sizeOfTurn(content) : 0;
