import { isFields } from '../fields/field-reader.js';
import { EXPECTED_STRING } from '../fields/openai-sentences.js';
import { countValues } from '../drf/decode-body.js';
import { readThoughtParts, type ThoughtParts } from '../models/thought-parts.js';
import { plain, readContent, refuse, textAt } from './content-parts.js';
import { placeOfItem, type ItemPlace } from './item-ids.js';
import type { Step } from './transcript.js';

type Fields = Readonly<Record<string, unknown>>;

/** A reference to an item of an earlier answer. */
export interface ItemReference {
  readonly kind: 'reference';
  readonly id: string;
  /** Undefined if the id is not in our format. */
  readonly place: ItemPlace | undefined;
}

/** An item of the input: a step, or a reference. */
export type InputItem = Step | ItemReference;

/** The items of a request, and the kinds of items that were left out because no model here supports them. */
export interface Input {
  readonly items: readonly InputItem[];
  readonly leftOut: readonly string[];
}

const ITEMS_MAX = 2048;
/** Maximum number of commas, or of brackets, in the thinking parts of all items. The checks of the body do not look into strings. */
const PARTS_VALUES_MAX = 20_000;
/** `developer` is OpenAI's newer name for `system`. Other servers know only the older one. */
const ROLES = new Map([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
] as const);

/**
 * Parses the input: a text or items. Throws a 400 that names the place of a malformed item. Items of unknown
 * kinds are left out.
 */
export function readInput(input: unknown): Input {
  if (typeof input === 'string') {
    return { items: [{ kind: 'message', role: 'user', content: input }], leftOut: [] };
  }
  if (!Array.isArray(input)) {
    return refuse('input', 'Missing or invalid: expected a string or an array of items.');
  }
  if (input.length > ITEMS_MAX) {
    return refuse('input', `Too long: at most ${String(ITEMS_MAX)} items.`);
  }
  const items: InputItem[] = [];
  const budget: Budget = { values: PARTS_VALUES_MAX };
  const leftOut = new Set<string>();
  input.forEach((item: unknown, n) => {
    const path = `input[${String(n)}]`;
    if (!isFields(item)) return refuse(path, 'Invalid type: expected an item.');
    const read = readItem(item, path, budget);
    if (read) items.push(read);
    else leftOut.add(String(item['type']));
  });
  return { items, leftOut: [...leftOut] };
}

/** What the thinking parts of the items that are not read yet may contain. */
interface Budget {
  values: number;
}

/** Parses one item. Returns undefined for a kind that only OpenAI's own tools create. */
function readItem(item: Fields, path: string, budget: Budget): InputItem | undefined {
  switch (typeOf(item, path)) {
    case 'message':
      return messageOf(item, path);
    case 'reasoning':
      return {
        kind: 'reasoning',
        text: reasoningOf(item, path),
        parts: partsOf(item, path, budget),
      };
    case 'function_call':
      return callOf(item, textAt(item, 'arguments', path), path);
    case 'custom_tool_call':
      return callOf(item, JSON.stringify({ input: textAt(item, 'input', path) }), path);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return outputOf(item, path);
    case 'item_reference': {
      const id = textAt(item, 'id', path);
      return { kind: 'reference', id, place: placeOfItem(id) };
    }
    default:
      return undefined;
  }
}

/** Returns the type of an item. Messages and references may leave it out. */
function typeOf(item: Fields, path: string): string {
  const { type } = item;
  if (typeof type === 'string') return type;
  if (type !== undefined && type !== null) {
    return refuse(`${path}.type`, EXPECTED_STRING);
  }
  return 'role' in item || !('id' in item) ? 'message' : 'item_reference';
}

/** Returns the parts that the provider wants back. Returns undefined for the encrypted data of another service. */
function partsOf(item: Fields, path: string, budget: Budget): ThoughtParts | undefined {
  const { encrypted_content: text } = item;
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined;
  try {
    budget.values -= countValues(text, budget.values);
  } catch {
    return refuse(`${path}.encrypted_content`, 'Too many values, or nested too deeply.');
  }
  return readThoughtParts(text);
}

function messageOf(item: Fields, path: string): Step {
  const role = ROLES.get(item['role'] as 'user');
  if (role === undefined) {
    const names = [...ROLES.keys()].join(', ');
    return refuse(`${path}.role`, `Invalid value: a role is one of ${names}.`);
  }
  const content = readContent(item['content'], `${path}.content`);
  // In answers and system messages, parts that are all text are joined to one text, because not every server
  // accepts parts there.
  return { kind: 'message', role, content: role === 'user' ? content : plain(content) };
}

/** Returns the thinking of a reasoning item: its content if there is one, otherwise its summary. */
function reasoningOf({ content, summary }: Fields, path: string): string {
  const read = (parts: unknown, name: string) => {
    const text = plain(readContent(parts ?? [], `${path}.${name}`));
    return typeof text === 'string' ? text : '';
  };
  const words = read(content, 'content');
  return words === '' ? read(summary, 'summary') : words;
}

function callOf(item: Fields, argumentsText: string, path: string): Step {
  const id = textAt(item, 'call_id', path);
  const called = { name: textAt(item, 'name', path), arguments: argumentsText };
  const { extra_content } = item;
  const extra = isFields(extra_content) && { extra_content };
  return { kind: 'call', call: { id, type: 'function', function: called, ...extra } };
}

function outputOf(item: Fields, path: string): Step {
  const callId = textAt(item, 'call_id', path);
  const content = readContent(item['output'], `${path}.output`);
  if (typeof content === 'string') return { kind: 'output', callId, text: content, others: [] };
  const texts = content.filter(({ type }) => type === 'text');
  const others = content.filter(({ type }) => type !== 'text');
  const text = texts.map((part) => String(part['text'])).join('');
  const isInNextMessage = text === '' && others.length > 0;
  return { kind: 'output', callId, text: isInNextMessage ? NEXT_MESSAGE_TEXT : text, others };
}

/** The text of a tool's message that would otherwise be empty, because servers refuse an empty one. */
const NEXT_MESSAGE_TEXT = 'See the next message.';
