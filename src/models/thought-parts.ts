import { charsIn } from './chars-in.js';
import { isFields, type Fields } from '../json-fields.js';

/**
 * The fields in which OpenRouter and LiteLLM send thinking in parts: texts, signatures and encrypted data. A model that
 * calls tools wants them back unchanged.
 */
const PART_LIST_FIELDS = ['reasoning_details', 'thinking_blocks'] as const;

/** Maximum number of fields in one part. Each piece of a part copies its fields. No server sends more than a few. */
const PART_FIELDS_MAX = 32;

/** The parts of the thinking, by field. */
export type ThoughtParts = Partial<
  Readonly<Record<(typeof PART_LIST_FIELDS)[number], readonly Fields[]>>
>;

/** Returns the first `max` parts of each field of a delta or a message. Returns undefined if there are none. */
export function thoughtPartsIn(said: Fields, max = Infinity): ThoughtParts | undefined {
  let found: ThoughtParts | undefined;
  for (const name of PART_LIST_FIELDS) {
    const given = said[name];
    const parts = Array.isArray(given) ? given.filter(isPart).slice(0, max) : [];
    if (parts.length > 0) found = { ...found, [name]: parts };
  }
  return found;
}

const isPart = (given: unknown): given is Fields =>
  isFields(given) && Object.keys(given).length <= PART_FIELDS_MAX;

/** Adds parts to the fields of a message whose lists no other message has. Takes time only for the added parts. */
export function addParts(message: Record<string, unknown>, added: ThoughtParts): void {
  for (const [name, parts] of Object.entries(added)) {
    const known = message[name];
    if (Array.isArray(known)) for (const part of parts) known.push(part);
    else message[name] = [...parts];
  }
}

/** Parses the text of `CollectedParts`. Returns undefined for any other, such as the encrypted data of another service. */
export function readThoughtParts(text: unknown): ThoughtParts | undefined {
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? thoughtPartsIn(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Joins the pieces of parts as they arrive. */
export class CollectedParts {
  private readonly byName = new Map<string, Fields[]>();
  /** Number of stored characters, as `charsIn` counts them. */
  size = 0;

  add(pieces: ThoughtParts): void {
    for (const [name, parts] of Object.entries(pieces)) {
      const known = this.byName.get(name) ?? [];
      this.byName.set(name, known);
      for (const part of parts) this.addOne(known, part);
    }
  }

  /** Returns the parts as JSON. Returns an empty text if there are none. */
  toText(): string {
    return this.byName.size === 0 ? '' : JSON.stringify(Object.fromEntries(this.byName));
  }

  private addOne(known: Fields[], piece: Fields): void {
    const last = known.at(-1);
    if (last && continuesPart(last, piece)) {
      known[known.length - 1] = withPiece(last, piece);
      this.size += addedSize(last, piece);
    } else {
      known.push(piece);
      this.size += charsIn(piece);
    }
  }
}

/** Returns the size that a piece adds to a part. Looks at the piece only, because a part may be long. */
const addedSize = (part: Fields, piece: Fields) =>
  Object.entries(piece).reduce((sum, [field, value]) => {
    if (value === null) return sum;
    if (isMoreText(part, field, value)) return sum + value.length;
    return (part[field] ?? null) === null ? sum + charsIn(value) : sum;
  }, 0);

/** Checks that a piece continues the last part. Encrypted data comes whole, and a signature ends a part. */
export function continuesPart(last: Fields, piece: Fields): boolean {
  const isSigned = typeof last['signature'] === 'string' && last['signature'] !== '';
  return (
    !isSigned &&
    last['type'] === piece['type'] &&
    last['index'] === piece['index'] &&
    piece['data'] === undefined
  );
}

/** Returns a part with one more piece. Texts are joined. Of other fields, the first value is kept. */
export function withPiece(part: Fields, piece: Fields): Fields {
  const joined: Record<string, unknown> = { ...part };
  let newFields = PART_FIELDS_MAX - Object.keys(part).length;
  for (const [field, value] of Object.entries(piece)) {
    const before = part[field];
    if (value === null) continue;
    if (!(field in part) && (newFields -= 1) < 0) continue;
    joined[field] = isMoreText(part, field, value) ? String(before) + value : (before ?? value);
  }
  return joined;
}

/** Checks that a value and the field of a part are texts that come in pieces. */
export const isMoreText = (part: Fields, field: string, value: unknown): value is string =>
  typeof value === 'string' && typeof part[field] === 'string' && TEXT_FIELDS.includes(field);

/** The fields whose texts come in pieces. */
const TEXT_FIELDS = ['text', 'summary', 'thinking', 'signature'];
