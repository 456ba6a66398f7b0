import { ValidationFailed } from '../errors.js';
import { textOf } from '../models/content.js';
import type { ChatMessage } from '../models/provider.js';
import type { Question } from './question.js';
import type { UiChatDto, UiMessageDto, UiPart } from './ui-chat.dto.js';

type ContentPart = Readonly<Record<string, unknown>>;

/** The answer that the model is sent for one without text, which may have been stopped before its first word. */
const EMPTY_ANSWER_TEXT = '(The answer had no text.)';

/**
 * Returns the question of a `useChat()` request. Its messages are the whole context, so edits and regenerated
 * answers count as the user sees them. Throws `ValidationFailed` if the last message is not the user's, or is
 * empty.
 */
export function questionOf({ id, messages, model }: UiChatDto): Question {
  const context = contextOf(messages);
  const last = messages.at(-1);
  const asked = last?.role === 'user' ? toChatMessage(last).at(0) : undefined;
  if (!asked) {
    const sentence = 'The last message must be of the user, with a text or a file.';
    throw new ValidationFailed({ messages: [sentence] });
  }
  return { route: 'chat', message: textOf(asked.content), chatId: id, model, messages: context };
}

/**
 * Returns the messages as models accept them. Those without known parts are left out, but not the answer between two
 * questions, because many providers refuse two questions in a row.
 */
function contextOf(messages: readonly UiMessageDto[]): ChatMessage[] {
  const context: ChatMessage[] = [];
  let isAnswerLeftOut = false;
  for (const message of messages) {
    const [known] = toChatMessage(message);
    if (!known) {
      isAnswerLeftOut ||= message.role === 'assistant';
      continue;
    }
    if (isAnswerLeftOut && known.role === 'user' && context.at(-1)?.role === 'user')
      context.push({ role: 'assistant', content: EMPTY_ANSWER_TEXT });
    context.push(known);
    isAnswerLeftOut = false;
  }
  return context;
}

/** Returns the message as models accept it; an empty list if none of its parts is known. */
function toChatMessage({ role, parts }: UiMessageDto): ChatMessage[] {
  const content = parts.flatMap((part) => toContentPart(part ?? {}));
  const isText = content.every(({ type }) => type === 'text');
  const text = textOf(content);
  if (isText) return text.trim() === '' ? [] : [{ role, content: text }];
  // Only users send pictures. A model's own pictures are not sent back to it.
  if (role !== 'user') return text === '' ? [] : [{ role, content: text }];
  return [{ role, content }];
}

function toContentPart({ type, text, url, mediaType, filename }: UiPart): ContentPart[] {
  if (type === 'text' && typeof text === 'string') return [{ type, text }];
  if (type !== 'file' || typeof url !== 'string') return [];
  if (typeof mediaType === 'string' && /^image\//i.test(mediaType))
    return [{ type: 'image_url', image_url: { url } }];
  const named = typeof filename === 'string' ? { filename } : {};
  return [{ type: 'file', file: { ...named, file_data: url } }];
}
