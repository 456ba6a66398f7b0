import { toIso } from '../time.js';
import { toJson } from '../drf/json.js';
import { fairIterations } from '../fair-iterations.js';
import type { ConversationDto } from './conversation.dto.js';
import type { OwnConversation } from './conversations.service.js';
import type { PastTurn } from './history.service.js';
import { turnToWire } from './turn-wire.js';

/** All line ends that Markdown knows. */
const LINE_END = /\r\n|[\n\r]/;
/** Minimum length of a part of a text. A part goes on to the next end of a line. Other requests get a turn after it. */
const PART_MIN_CHARS = 32_768;

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
  const pause = fairIterations();
  async function* section(heading: string, text: string): AsyncIterable<string> {
    yield `\n## ${heading}\n\n`;
    for (const quotation of quotationsOf(text)) {
      await pause();
      yield quotation;
    }
    yield '\n';
  }
  yield `# ${title === '' ? 'Untitled' : title}\n`;
  if (conversation.system !== null) yield* section('System', conversation.system);
  for await (const { message, response, model, status, createdAt } of turns) {
    const ending = status === 'complete' ? '' : ` (${status})`;
    yield* section(`You, ${toIso(createdAt)}`, message);
    yield* section(`${model}${ending}`, response);
  }
}

/** Quotes every line of a text, in parts that each take little time. A text may have millions of empty lines. */
function* quotationsOf(text: string): Iterable<string> {
  const lineEnd = new RegExp(LINE_END, 'g');
  for (let start = 0; ; start = lineEnd.lastIndex) {
    const least = start + PART_MIN_CHARS;
    // A part does not begin between the two characters of one line end.
    lineEnd.lastIndex = text[least - 1] === '\r' ? least - 1 : least;
    const end = lineEnd.exec(text);
    yield quote(text.slice(start, end?.index));
    if (!end) return;
    yield '\n';
  }
}

const quote = (text: string) =>
  text
    .split(LINE_END)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
