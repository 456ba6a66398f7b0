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

/** A page to read. What was said is put in as it is: most of it is Markdown by itself. */
export async function* exportMarkdown(
  thread: Thread,
  turns: AsyncIterable<PastTurn>,
): AsyncIterable<string> {
  const title = thread.title.replaceAll(/\s+/g, ' ').trim();
  yield `# ${title === '' ? 'Untitled' : title}\n`;
  if (thread.system !== null) yield `\n## System\n\n${thread.system}\n`;
  for await (const { message, response, model, status, createdAt } of turns) {
    const ending = status === 'complete' ? '' : ` (${status})`;
    yield `\n## You, ${toIso(createdAt)}\n\n${message}\n`;
    yield `\n## ${model}${ending}\n\n${response}\n`;
  }
}
