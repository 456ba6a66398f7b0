import { isAnswerPart, isReasoningPart, isToolRole, textOf } from './content-text.js';
import { choiceOf, numberOf, withJoinedLists } from './choice.js';
import { hasContent, isAboutTool, isBrokenStatus, isError } from './error-signs.js';
import type { ServerEvent } from './event-reader.js';
import { meaningOf, REASON_FIELDS, type EndMeaning } from './finish-reasons.js';
import { fieldsOf, isFields, type Fields } from '../../json-fields.js';
import { listOf } from './list-of.js';
import { parseLenient } from './lenient-json.js';
import { plainWordIn } from './plain-word.js';
import type { Usage } from '../provider.js';
import { thoughtPartsIn, type ThoughtParts } from '../thought-parts.js';
import { usageIn } from './usage-fields.js';

/** The content of one event of an answer. */
export interface Chunk {
  readonly usage: Usage | undefined;
  readonly text: string;
  /** The model's reasoning, sent beside its answer. */
  readonly reasoning: string;
  readonly thoughtParts?: ThoughtParts | undefined;
  /** The pieces of tool calls, unchanged. */
  readonly pieces: readonly unknown[];
  /** Whether and how the answer ends with this event. */
  readonly meaning: EndMeaning;
  /** The number of its choice. Undefined if it has none. */
  readonly choice?: number | undefined;
  /** Whether it has a message, as without a stream: of everything so far, or of a piece. */
  readonly isMessage: boolean;
  /** Whether its words are the `text` of the choice, not of a delta or a message. */
  readonly isText: boolean;
  /** Whether it is neither part of an answer nor a keep-alive. It may be an error of unknown form. */
  readonly isUnknown: boolean;
}

/** An event that is an error, or not part of an answer. */
export interface Fault {
  readonly fault: string;
}

/** Parses an event of the choice with this number, if that is known. Faults are described in our words. */
export function chunkOf({ name, text }: ServerEvent, number?: number): Chunk | Fault {
  if (name !== '' && isBrokenStatus(name)) return SENT_ERROR;
  if (KEEP_ALIVE.test(name) || KEEP_ALIVE_WORD.test(text)) return EMPTY_CHUNK;
  let value: unknown;
  try {
    value = parseLenient(text);
  } catch {
    return { fault: 'the provider sent what is not JSON' };
  }
  // Without content, so it is no error. But a server may have lost a word there.
  if (value === null || value === '' || isEmptyList(value))
    return { ...EMPTY_CHUNK, isUnknown: true };
  const chunk = fieldsOf(value);
  if (!chunk) return { fault: 'the provider sent what is no chunk' };
  if (text.length > LEVELS.safeChars && !isFlat(chunk)) {
    return { fault: 'the provider sent what is nested too deeply' };
  }
  const word = plainWordIn(chunk, number ?? 0);
  if (word !== undefined) return chunkOfWord(word, number ?? 0);
  const choice = withJoinedLists(choiceOf(chunk['choices'], number));
  const isToolNews = !choice && isAboutTool(name, chunk);
  if (!isToolNews && isError(chunk, choice)) return SENT_ERROR;
  const usage = usageIn(chunk, choice);
  const { text: content, reasoning, thoughtParts, pieces, isMessage, isText } = outputIn(choice);
  // A spread would be slow, because V8 then looks up each field for each word.
  return {
    usage,
    text: content,
    reasoning,
    thoughtParts,
    pieces,
    meaning: endMeaningIn(isToolNews ? undefined : chunk, choice),
    choice: numberOf(choice),
    isMessage,
    isText,
    isUnknown: !('choices' in chunk) && !usage && !isKeepAlive(chunk),
  };
}

const chunkOfWord = (text: string, choice?: number): Chunk => ({
  usage: undefined,
  text,
  reasoning: '',
  thoughtParts: undefined,
  pieces: [],
  meaning: 'no end',
  choice,
  isMessage: false,
  isText: false,
  isUnknown: false,
});
const EMPTY_CHUNK = chunkOfWord('');

type Output = Pick<
  Chunk,
  'text' | 'reasoning' | 'thoughtParts' | 'pieces' | 'isMessage' | 'isText'
>;

/**
 * Reads the delta. If it says nothing or is missing, reads the message or the text that some servers send beside it or
 * instead.
 */
function outputIn(choice: Fields = {}): Output {
  const said = choice['delta'];
  const delta = typeof said === 'string' ? { content: said } : fieldsOf(said);
  const message = fieldsOf(choice['message']);
  const text = hasContent(choice['text']) ? { content: choice['text'] } : undefined;
  const beside = message ?? text;
  const source = message ? 'message' : 'text';
  const output = outputOf(delta ?? beside ?? {}, delta ? 'delta' : source);
  if (!delta || !beside || saysMore(output)) return output;
  const other = outputOf(beside, source);
  if (!saysMore(other)) return output;
  return { ...other, thoughtParts: output.thoughtParts ?? other.thoughtParts };
}

/** Maximum number of parts of the thinking in one field of an event. No server sends more than a few. */
const THOUGHT_PARTS_MAX = 1000;

/** Checks for more than the parts of a thinking, such as its signature. */
const saysMore = ({ text, reasoning, pieces }: Output) =>
  text !== '' || reasoning !== '' || pieces.length > 0;

const outputOf = (message: Fields, source: 'delta' | 'message' | 'text'): Output => ({
  text: isToolRole(message['role']) ? '' : wordsIn(message),
  reasoning: reasoningIn(message),
  thoughtParts: thoughtPartsIn(message, THOUGHT_PARTS_MAX),
  pieces: piecesIn(message),
  isMessage: source === 'message',
  isText: source === 'text',
});

const wordsIn = (message: Fields) =>
  (textOf(message['content'], isAnswerPart) || textOf(message['text'], isAnswerPart)) +
  textOf(message['refusal'], isAnswerPart);

/**
 * The deepest nesting of an event. Reading and writing a value needs stack for each of its levels, and a short text
 * cannot have too many.
 */
const LEVELS = { max: 100, safeChars: 2000 };

const isFlat = (value: unknown, levels = LEVELS.max): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((one) => isFlat(one, levels - 1)));

/** A keep-alive: an event with such a name or type and any content, or an event of that word alone. */
const KEEP_ALIVE = /^(?:ping|pong|keep[-_. ]?alive|heartbeat)$/i;
const KEEP_ALIVE_WORD = /^\s*["[]?(?:ping|pong|keep[-_]?alive|heartbeat)\b[^{]*$/i;

const isKeepAlive = (chunk: Fields) =>
  Object.keys(chunk).length === 0 ||
  (typeof chunk['type'] === 'string' && KEEP_ALIVE.test(chunk['type']));

/** The ends that OpenRouter calls "stop". A tool that its provider has called itself is no call for the caller. */
const NATIVE_ENDS = new Set<EndMeaning>(['length', 'content_filter', 'broken']);

/**
 * Returns the meaning of the finish reason. Google's servers have used two names, sometimes with the other one empty.
 * Some servers send it inside the delta or the message, or beside the choices. OpenRouter sends the reason of its own
 * provider too, which says more than "stop".
 */
function endMeaningIn(chunk: Fields | undefined, choice: Fields | undefined): EndMeaning {
  const places = [choice, fieldsOf(choice?.['delta']), fieldsOf(choice?.['message']), chunk];
  for (const name of REASON_FIELDS) {
    for (const place of places) {
      const meaning = meaningOf(place?.[name]);
      if (meaning === 'no end') continue;
      const native = meaningOf(place?.['native_finish_reason']);
      return meaning === 'stop' && NATIVE_ENDS.has(native) ? native : meaning;
    }
  }
  return 'no end';
}

const REASONING_FIELDS = [
  'reasoning_content',
  'reasoning',
  'thinking',
  'reasoning_text',
  'reasoning_details',
];

/** Returns the model's reasoning from the first field that has any. Some servers send it in two fields. */
function reasoningIn(message: Fields): string {
  for (const name of REASONING_FIELDS) {
    const reasoning = textOf(message[name], isAnswerPart);
    if (reasoning !== '') return reasoning;
  }
  return (
    textOf(message['content'], isReasoningPart) ||
    textOf(message['thinking_blocks'], isReasoningPart)
  );
}

/** Returns the pieces of tool calls. `function_call` is the older form of a single call. */
function piecesIn({ tool_calls: calls, function_call: called }: Fields): readonly unknown[] {
  const all = listOf(calls);
  if (all.length > 0) return all.map(withFunction);
  return listOf(called).map((one) => ({ index: 0, function: one }));
}

/** Puts the name and the arguments of a call into its `function`. Cloudflare's models send them without one. */
function withFunction(piece: unknown): unknown {
  const { name, arguments: given, parameters, ...rest } = fieldsOf(piece) ?? {};
  const args = given ?? parameters;
  const isPlain = name === undefined && args === undefined;
  return isPlain || isFields(rest['function'])
    ? piece
    : { ...rest, function: { name, arguments: args } };
}

const SENT_ERROR: Fault = { fault: 'the provider sent an error in its stream' };

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
