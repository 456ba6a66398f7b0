import type { ClientChat } from './client-chat.entity.js';
import type { Conversation } from './conversation.entity.js';
import type { Turn } from './turn.entity.js';

/** Estimated bytes of a row without its texts: its columns, its index entries, and a title. */
const ROW_BYTES = 400;

/** The texts of a turn whose length depends on its owner or a model. */
const TURN_TEXTS = [
  'message',
  'response',
  'folded',
  'reasoning',
  'thoughtParts',
  'toolCalls',
  'request',
  'keyName',
] as const;

/** The counted texts of a turn. */
export type TurnTexts = Partial<Pick<Turn, (typeof TURN_TEXTS)[number]>>;

const lengthOf = (text: string | null | undefined) => (text == null ? 0 : Buffer.byteLength(text));

/** Returns the bytes that a turn counts in the storage of its owner. */
export const sizeOfTurn = (turn: TurnTexts): number =>
  TURN_TEXTS.reduce((sum, name) => sum + lengthOf(turn[name]), ROW_BYTES);

export const sizeOfConversation = ({ system }: Pick<Conversation, 'system'>): number =>
  ROW_BYTES + lengthOf(system);

export const sizeOfClientChat = ({ chatId }: Pick<ClientChat, 'chatId'>): number =>
  ROW_BYTES + lengthOf(chatId);

const ROW = String(ROW_BYTES);

/** SQL for the size of a row of `turns`. The databases do not read the texts to get their lengths. */
export const TURN_SIZE = `(${ROW} + octet_length(message) + octet_length(response)
  + coalesce(octet_length(folded), 0) + coalesce(octet_length(reasoning), 0) + coalesce(octet_length(tool_calls), 0)
  + coalesce(octet_length(thought_parts), 0) + coalesce(octet_length(request), 0) + coalesce(octet_length(key_name), 0))`;

/** SQL for the size of a row of `conversations`, without its turns. */
export const CONVERSATION_SIZE = `(${ROW} + coalesce(octet_length(system), 0))`;

/** SQL for the size of a row of `client_chats`. */
export const CLIENT_CHAT_SIZE = `(${ROW} + octet_length(chat_id))`;

/** Returns the sum of the sizes of rows. */
export const sumOfSizes = (rows: readonly { readonly bytes: number }[]): number =>
  rows.reduce((sum, { bytes }) => sum + bytes, 0);
