import type { Turn } from '../conversations/turn.entity.js';
import type { TurnExchange } from '../conversations/whole-turns.service.js';
import { textOf } from '../models/content.js';
import type { ChatMessage } from '../models/provider.js';
import { stepsOf } from './output-items.js';
import { DEFAULT_SETTINGS, type ResponseSettings } from './settings.js';
import { toMessages } from './transcript.js';

/**
 * The part of a request for a response that its turn stores. It is enough to return the response again, and
 * to continue it.
 */
interface StoredRequest {
  readonly settings: ResponseSettings;
  /** The messages that the request added to the earlier context, as they were sent to the model. */
  readonly messages: readonly ChatMessage[];
}

export const writeStoredRequest = (kept: StoredRequest): string => JSON.stringify(kept);

/** Returns the stored request of a turn, or undefined for a turn of another route. */
function readStoredRequest({ request }: Pick<Turn, 'request'>): StoredRequest | undefined {
  return request === null ? undefined : (JSON.parse(request) as StoredRequest);
}

/**
 * Returns the settings that a response repeats from its request. A turn of another route has the defaults.
 */
export const settingsOf = (turn: Turn): ResponseSettings =>
  readStoredRequest(turn)?.settings ?? DEFAULT_SETTINGS;

/**
 * Returns the messages that a turn adds to a context: those of its request, and its answer. Returns undefined
 * for a turn of another route.
 */
export function messagesOf(turn: TurnExchange): ChatMessage[] | undefined {
  const kept = readStoredRequest(turn);
  return kept && [...kept.messages, ...toMessages(stepsOf(turn))];
}

const OUTPUT_MAX_CHARS = 1000;

/**
 * Returns the text that the history shows of a request: the last message of the user, or the beginning of the
 * outputs of tools.
 */
export function questionIn(messages: readonly ChatMessage[]): string {
  const lastUserMessage = messages.findLast(({ role }) => role === 'user');
  if (lastUserMessage) return textOf(lastUserMessage.content);
  const outputs = messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  return outputs.map(textOf).join('\n').slice(0, OUTPUT_MAX_CHARS);
}
