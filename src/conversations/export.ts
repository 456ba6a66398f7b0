import { toIso } from '../time.js';
import { toJson } from '../drf/json.js';
import { fairIterations } from '../models/providers/fair-iterations.js';
import type { ConversationDto } from './conversation.dto.js';
import type { OwnConversation } from './conversations.service.js';
import type { PastTurn } from './history.service.js';
import { turnToWire } from './turn-wire.js';

/** Returns a conversation in the format of all routes. */
export function conversationToWire(conversation: OwnConversation): ConversationDto {
  return {
    id: conversation.id,
    title: conversation.title,
    model: conversation.model,
    system: conversation.system,
    created_at: toIso(conversation.createdAt),
    updated_at: toIso(conversation.updatedAt),
  };
}

/**
 * Writes one JSON object, `{"conversation", "turns"}`, as the turns arrive. All exports share the event loop with other
 * requests: a long conversation takes seconds of CPU.
 */
export async function* exportJson(
  conversation: OwnConversation,
  turns: AsyncIterable<PastTurn>,
): AsyncIterable<string> {
  yield `{"conversation":${toJson(conversationToWire(conversation))},"turns":[`;
  const pause = fairIterations();
  let separator = '';
  for await (const turn of turns) {
    await pause();
    yield separator + toJson(turnToWire(turn));
    separator = ',';
  }
  yield ']}';
}

/**
 * Writes the conversation as a Markdown document. Each text is a quotation. Most texts are Markdown
 * themselves and stay so, but a heading in a text is not a heading of the document. An open code fence or
 * open HTML ends with the quotation. Shares the event loop as `exportJson` does.
 */
export async function* exportMarkdown(
  conversation: OwnConversation,
  turns: AsyncIterable<PastTurn>,
): AsyncIterable<string> {
  const title = conversation.title.replaceAll(/\s+/g, ' ').trim();
  yield `# ${title === '' ? 'Untitled' : title}\n`;
  if (conversation.system !== null) yield `\n## System\n\n${quote(conversation.system)}\n`;
  const pause = fairIterations();
  for await (const { message, response, model, status, createdAt } of turns) {
    await pause();
    const ending = status === 'complete' ? '' : ` (${status})`;
    yield `\n## You, ${toIso(createdAt)}\n\n${quote(message)}\n`;
    yield `\n## ${model}${ending}\n\n${quote(response)}\n`;
  }
}

/** Quotes every line of a text, for all line ends that Markdown knows. */
const quote = (text: string) =>
  text
    .split(/\r\n|[\n\r]/)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
