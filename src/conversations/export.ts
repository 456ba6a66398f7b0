import { toIso } from '../time.js';
import { toJson } from '../drf/json.js';
import type { ConversationDto } from './conversation.dto.js';
import type { Thread } from './conversations.service.js';
import type { PastTurn } from './history.service.js';
import { turnToWire } from './turn-wire.js';

/** A conversation as every route shows it. */
export function threadToWire(thread: Thread): ConversationDto {
  return {
    id: thread.id,
    title: thread.title,
    model: thread.model,
    system: thread.system,
    created_at: toIso(thread.createdAt),
    updated_at: toIso(thread.updatedAt),
  };
}

/** One JSON object, `{"conversation", "turns"}`, written as the turns come. */
export async function* exportJson(
  thread: Thread,
  turns: AsyncIterable<PastTurn>,
): AsyncIterable<string> {
  yield `{"conversation":${toJson(threadToWire(thread))},"turns":[`;
  let separator = '';
  for await (const turn of turns) {
    yield separator + toJson(turnToWire(turn));
    separator = ',';
  }
  yield ']}';
}

/**
 * A page to read. Each text is a quotation: most of it is Markdown by itself, and stays so, but a heading in it
 * is none of the page's, and what it leaves open (a fence of code, HTML) ends with it.
 */
export async function* exportMarkdown(
  thread: Thread,
  turns: AsyncIterable<PastTurn>,
): AsyncIterable<string> {
  const title = thread.title.replaceAll(/\s+/g, ' ').trim();
  yield `# ${title === '' ? 'Untitled' : title}\n`;
  if (thread.system !== null) yield `\n## System\n\n${quote(thread.system)}\n`;
  for await (const { message, response, model, status, createdAt } of turns) {
    const ending = status === 'complete' ? '' : ` (${status})`;
    yield `\n## You, ${toIso(createdAt)}\n\n${quote(message)}\n`;
    yield `\n## ${model}${ending}\n\n${quote(response)}\n`;
  }
}

/** Every line that Markdown knows, as one of a quotation. */
const quote = (text: string) =>
  text
    .split(/\r\n|[\n\r]/)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
