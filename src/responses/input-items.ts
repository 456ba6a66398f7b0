import { isFields } from '../json-fields.js';
import { readFields } from '../fields/field-reader.js';
import { countValues } from '../drf/decode-body.js';
import { readThoughtParts, type ThoughtParts } from '../models/thought-parts.js';
import { plain, refuse, toContent } from './content-parts.js';
import {
  CustomCallItemDto,
  FunctionCallItemDto,
  InputDto,
  MessageItemDto,
  OutputItemDto,
  ReasoningItemDto,
  ReferenceItemDto,
  ROLES,
  wordsOf,
  type InputItemDto,
  type LeftOutItemDto,
} from './input-items.dto.js';
import { placeOfItem, type ItemPlace } from './item-ids.js';
import type { Step } from './transcript.js';

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

/** Maximum number of commas, or of brackets, in the thinking parts of all items. The checks of the body do not look into strings. */
const PARTS_VALUES_MAX = 20_000;

/**
 * Parses the input: a text or items. Throws a 400 that names the place of a malformed item. Items of unknown
 * kinds are left out.
 */
export function readInput(given: unknown): Input {
  const { dto, faults } = readFields(InputDto, { input: given });
  const [fault] = faults;
  if (fault) return refuse(fault.path, fault.sentence);
  const { input } = dto;
  if (typeof input === 'string') {
    return { items: [{ kind: 'message', role: 'user', content: input }], leftOut: [] };
  }
  const items: InputItem[] = [];
  const budget: Budget = { values: PARTS_VALUES_MAX };
  const leftOut = new Set<string>();
  input.forEach((item, n) => {
    const read = toItem(item, `input[${String(n)}]`, budget);
    if (read) items.push(read);
    else leftOut.add((item as LeftOutItemDto).type);
  });
  return { items, leftOut: [...leftOut] };
}

/** What the thinking parts of the items that are not read yet may contain. */
interface Budget {
  values: number;
}

/** Converts one item. Returns undefined for a kind that only OpenAI's own tools create. */
function toItem(item: InputItemDto, path: string, budget: Budget): InputItem | undefined {
  if (item instanceof MessageItemDto) return toMessage(item);
  if (item instanceof ReasoningItemDto) {
    const parts = partsOf(item, path, budget);
    return { kind: 'reasoning', text: wordsOf(item.content) || wordsOf(item.summary), parts };
  }
  if (item instanceof FunctionCallItemDto) return toCall(item, item.arguments);
  if (item instanceof CustomCallItemDto) return toCall(item, JSON.stringify({ input: item.input }));
  if (item instanceof OutputItemDto) return toOutput(item);
  if (item instanceof ReferenceItemDto)
    return { kind: 'reference', id: item.id, place: placeOfItem(item.id) };
  return undefined;
}

/** Returns the parts that the provider wants back. Returns undefined for the encrypted data of another service. */
function partsOf(
  { encrypted_content: text }: ReasoningItemDto,
  path: string,
  budget: Budget,
): ThoughtParts | undefined {
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined;
  try {
    budget.values -= countValues(text, budget.values);
  } catch {
    return refuse(`${path}.encrypted_content`, 'Too many values, or nested too deeply.');
  }
  return readThoughtParts(text);
}

function toMessage({ role: name, content: given }: MessageItemDto): Step {
  const role = ROLES.get(name) ?? 'user';
  const content = toContent(given);
  // In answers and system messages, parts that are all text are joined to one text, because not every server
  // accepts parts there.
  return { kind: 'message', role, content: role === 'user' ? content : plain(content) };
}

function toCall(item: FunctionCallItemDto | CustomCallItemDto, argumentsText: string): Step {
  const { call_id: id, name, extra_content } = item;
  const extra = isFields(extra_content) && { extra_content };
  const called = { name, arguments: argumentsText };
  return { kind: 'call', call: { id, type: 'function', function: called, ...extra } };
}

function toOutput({ call_id: callId, output }: OutputItemDto): Step {
  const content = toContent(output);
  if (typeof content === 'string') return { kind: 'output', callId, text: content, others: [] };
  const texts = content.filter(({ type }) => type === 'text');
  const others = content.filter(({ type }) => type !== 'text');
  const text = texts.map((part) => String(part['text'])).join('');
  const isInNextMessage = text === '' && others.length > 0;
  return { kind: 'output', callId, text: isInNextMessage ? NEXT_MESSAGE_TEXT : text, others };
}

/** The text of a tool's message that would otherwise be empty, because servers refuse an empty one. */
const NEXT_MESSAGE_TEXT = 'See the next message.';
