import { randomUUID } from 'node:crypto';
import type { ToolCallDelta } from './provider.js';

type Fields = Readonly<Record<string, unknown>>;

/** Whether a text that comes in pieces is one whole JSON object by now; each piece is looked at once. */
interface ObjectScan {
  readonly depth: number;
  readonly isInString: boolean;
  readonly isEscaped: boolean;
  readonly isWhole: boolean;
}

const UNSCANNED: ObjectScan = { depth: 0, isInString: false, isEscaped: false, isWhole: false };

/** A call of a tool as far as its pieces tell which they belong to. */
interface KnownCall {
  /** Under which index callers see it. */
  readonly slot: number;
  /** Under which index its provider sent it, if any. */
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly scan: ObjectScan;
  /** Arguments that may only stand in for those to come: told when the answer ends, if none came. */
  readonly owed: string;
  /** Whether there were any other arguments. */
  readonly isBegun: boolean;
}

/** The calls so far, in the order in which they began. */
export type KnownCalls = readonly KnownCall[];

/** One piece, read. */
interface Piece {
  readonly fields: Fields;
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly text: string;
  /** Where it stands among the pieces of its chunk, if there are several. */
  readonly place: number | undefined;
}

/**
 * Tells to which call each piece of a chunk belongs, and gives it that call's index. Servers leave the index
 * out, give every call the same, send calls whole, or send them twice; the table is in docs/models.md.
 */
export function placePieces(known: KnownCalls, pieces: readonly unknown[]) {
  let calls = known;
  const deltas: ToolCallDelta[] = [];
  const objects = pieces.filter(isFields);
  objects.forEach((fields, n) => {
    const piece = read(fields, objects.length > 1 ? n : undefined);
    const call = callOf(calls, piece);
    // A whole call that is sent once more, by its id, is not more.
    if (call?.scan.isWhole && piece.id !== undefined && piece.text !== '') return;
    // Callers put calls together by their place, which not every server counts from 0.
    const slot = call?.slot ?? calls.length;
    const { owed, text } = withoutStandIn(call, piece.text);
    const grown: KnownCall = {
      slot,
      index: call?.index ?? piece.index,
      id: call?.id ?? piece.id,
      name: call?.name ?? piece.name,
      scan: scanned(call?.scan ?? UNSCANNED, text),
      owed,
      isBegun: call?.isBegun === true || text.trim() !== '',
    };
    calls = call ? calls.map((other) => (other === call ? grown : other)) : [...calls, grown];
    const told = { ...piece, text };
    deltas.push(call ? toDelta(told, call) : toFirstDelta(told, slot));
  });
  return { calls, deltas };
}

/** The arguments that were kept back, once no more can come. */
export function owedPieces(known: KnownCalls) {
  const deltas: ToolCallDelta[] = known
    .filter(({ owed }) => owed !== '')
    .map(({ slot, owed }) => ({ index: slot, function: { arguments: owed } }));
  const calls = deltas.length === 0 ? known : known.map(settled);
  return { calls, deltas };
}

const settled = (call: KnownCall): KnownCall =>
  call.owed === ''
    ? call
    : { ...call, owed: '', isBegun: true, scan: scanned(call.scan, call.owed) };

const EMPTY_OBJECT = /^\s*\{\s*\}\s*$/;

/** Some servers say `{}` when a call begins, and then its arguments: the first of it is kept back. */
function withoutStandIn(call: KnownCall | undefined, text: string) {
  if (call?.isBegun) return { owed: '', text };
  if (EMPTY_OBJECT.test(text)) return { owed: text, text: '' };
  const owed = call?.owed ?? '';
  return owed !== '' && text.trim() === '' ? { owed: owed + text, text: '' } : { owed: '', text };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(fields: Fields, place: number | undefined): Piece {
  const called = isFields(fields['function']) ? fields['function'] : {};
  const index = fields['index'];
  const number = typeof index === 'string' && /^\d+$/.test(index) ? Number(index) : index;
  return {
    fields,
    index: Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : undefined,
    id: idOf(fields['id']),
    name: wordOf(called['name']),
    text: argumentsOf(called['arguments']),
    place,
  };
}

function wordOf(value: unknown): string | undefined {
  const word = typeof value === 'number' ? String(value) : value;
  return typeof word === 'string' && word !== '' ? word : undefined;
}

/** Some servers write "null" for an id that there is none of. */
function idOf(value: unknown): string | undefined {
  const id = wordOf(value);
  return id !== undefined && /^(?:null|none|undefined)$/i.test(id) ? undefined : id;
}

/** Text; some servers send the object itself, or null until there is some. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** The call that a piece goes on with; undefined where it begins a new one. */
function callOf(calls: KnownCalls, piece: Piece): KnownCall | undefined {
  const { index, id, name } = piece;
  const candidates = index === undefined ? calls : calls.filter((call) => call.index === index);
  if (id !== undefined) {
    const named = candidates.findLast((call) => call.id === id);
    if (named) return named;
    // An id that comes late belongs to the call at its index that has none yet.
    const last = index === undefined ? undefined : candidates.at(-1);
    return last?.id === undefined && !beginsAnew(last, piece) ? last : undefined;
  }
  const atPlace = index === undefined && name === undefined && piece.place !== undefined;
  const last = atPlace ? calls[piece.place] : candidates.at(-1);
  return beginsAnew(last, piece) ? undefined : last;
}

/** Whether a piece without an id cannot belong to the call before it. */
function beginsAnew(call: KnownCall | undefined, { index, name, text }: Piece): boolean {
  if (!call) return true;
  if (name !== undefined && call.name !== undefined && name !== call.name) return true;
  if (index === undefined && name !== undefined && (call.scan.isWhole || call.owed !== ''))
    return true;
  return call.scan.isWhole && text.trimStart().startsWith('{');
}

function scanned(scan: ObjectScan, text: string): ObjectScan {
  let { depth, isInString, isEscaped, isWhole } = scan;
  for (const char of text) {
    if (isEscaped) isEscaped = false;
    else if (isInString && char === '\\') isEscaped = true;
    else if (char === '"') isInString = !isInString;
    else if (!isInString && (char === '{' || char === '[')) depth += 1;
    else if (!isInString && (char === '}' || char === ']')) {
      depth -= 1;
      isWhole = depth === 0;
    }
  }
  return { depth, isInString, isEscaped, isWhole };
}

/** What goes on of a new call. Clients need an id, a type and arguments, which some servers leave out. */
function toFirstDelta({ fields, text, id }: Piece, slot: number): ToolCallDelta {
  const called = fields['function'];
  const said = { type: 'function', ...told(fields, 'function'), id: id ?? newId(), index: slot };
  return { ...said, function: { ...(isFields(called) && told(called)), arguments: text } };
}

/** What goes on of a further piece: what was told of its call is not repeated, for clients put pieces together. */
function toDelta({ fields, text }: Piece, { slot, name }: KnownCall): ToolCallDelta {
  const called = fields['function'];
  const delta = { ...told(fields, 'id', 'type', 'function'), index: slot };
  if (!isFields(called)) return delta;
  const said = told(called, 'arguments', name === undefined ? '' : 'name');
  return { ...delta, function: { ...said, ...(text !== '' && { arguments: text }) } };
}

const told = (fields: Fields, ...without: string[]) =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => value !== null && value !== '' && !without.includes(name),
    ),
  );

const newId = () => `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;

/** Whether a call has begun its arguments and not ended them. */
export const isCut = ({ scan }: KnownCalls[number]): boolean => scan.depth > 0;
