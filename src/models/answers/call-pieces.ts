import { randomUUID } from 'node:crypto';
import { readPiece, type Piece } from './call-piece.js';
import type { Chunk } from './chunk.js';
import { isFields, type Fields } from '../../json-fields.js';
import { UNSCANNED, advanceScan, isSameJson } from './object-scan.js';
import type { ToolCallDelta } from '../provider.js';
import { kindOf, settled, withDoubtful, type ArgumentsSoFar } from './repeated-arguments.js';

/** Maximum number of tool calls. Each costs memory, and no model makes this many. */
const CALLS_MAX = 512;

/** A tool call, with the properties that decide which pieces belong to it. */
interface KnownCall extends ArgumentsSoFar {
  /** The index that callers see. */
  readonly callIndex: number;
  /** The index that the provider sent, if any. */
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** Arguments that may only be a placeholder. They are sent when the answer ends, if no others came. */
  readonly heldBack: string;
  /** Whether any other arguments came. */
  readonly hasArguments: boolean;
}

/** The calls so far, in the order in which they began. */
export type KnownCalls = readonly KnownCall[];

/**
 * Returns the calls after the pieces of a chunk, and what is sent of them. Returns undefined if they are too many.
 * So many pieces are not read at all: each is compared with all calls so far.
 */
export function callsAfter(
  known: KnownCalls,
  pieces: readonly unknown[],
  { isMessage, meaning }: Chunk,
) {
  if (pieces.length > CALLS_MAX) return undefined;
  const placed = assignPieces(known, pieces, isMessage);
  if (placed.calls.length > CALLS_MAX) return undefined;
  if (meaning === 'no end') return placed;
  const { calls, deltas } = heldBackPieces(placed.calls);
  return deltas.length === 0 ? placed : { calls, deltas: [...placed.deltas, ...deltas] };
}

/**
 * Finds the call of each piece in a chunk, and sets the call's index on the piece. Some servers omit the index,
 * give every call the same index, send whole calls, or send calls twice. The table is in docs/models.md. The calls
 * of a message may repeat those so far, and then only the rest counts.
 */
export function assignPieces(known: KnownCalls, pieces: readonly unknown[], isMessage = false) {
  const calls = [...known];
  const deltas: ToolCallDelta[] = [];
  const objects = pieces.filter(isFields);
  objects.forEach((fields, n) => {
    const all = readPiece(fields, objects.length > 1 ? n : undefined);
    const repeated = isMessage && repeats(known[n], all) ? calls[n] : undefined;
    const call = repeated ?? callOf(calls, all, known.length);
    const kind = call ? kindOf(call, all.text) : 'more';
    if (call && !repeated && kind === 'doubtful') {
      calls[call.callIndex] = { ...call, doubt: withDoubtful(call, all.text) };
      return;
    }
    const isCumulative = kind === 'repetition';
    const isRepetition = repeated !== undefined || isCumulative;
    const piece = call ? { ...all, text: newText(call, all.text, isRepetition) } : all;
    if (isRepetition && piece.text === '') return;
    // A whole call that is sent again with the same id is ignored.
    if (call?.scan.isWhole && piece.id !== undefined && piece.text !== '') return;
    // Callers assemble calls by their index, which not every server counts from 0.
    const callIndex = call?.callIndex ?? calls.length;
    const { heldBack, text } = holdBackPlaceholder(call, piece.text);
    const updated: KnownCall = {
      callIndex,
      index: call?.index ?? piece.index,
      id: call?.id ?? piece.id,
      name: call?.name ?? piece.name,
      text: (call?.text ?? '') + text,
      scan: advanceScan(call?.scan ?? UNSCANNED, text),
      heldBack,
      hasArguments: call?.hasArguments === true || text.trim() !== '',
      isCumulative: call?.isCumulative === true || isCumulative,
      doubt: all.text === '' ? call?.doubt : undefined,
    };
    calls[callIndex] = updated;
    const sent = { ...piece, text };
    deltas.push(call ? toDelta(sent, call) : toFirstDelta(sent, callIndex));
  });
  return { calls, deltas };
}

/** Checks that the calls of a message begin with all calls so far. */
export function repeatsCalls(known: KnownCalls, pieces: readonly unknown[]): boolean {
  const objects = pieces.filter(isFields);
  return known.every((call, n) => objects[n] && repeats(call, readPiece(objects[n], n)));
}

/** Checks that a call of a message has the id, or the name, of a call so far, and begins with its arguments. */
function repeats(call: KnownCall | undefined, { index, id, name, text }: Piece): boolean {
  if (!call || (index !== undefined && call.index !== undefined && index !== call.index))
    return false;
  const isSame = id !== undefined && call.id !== undefined ? id === call.id : name === call.name;
  return isSame && text.startsWith(call.text);
}

/** Returns what a piece adds to the arguments. What was in doubt before it is part of that. */
function newText(call: KnownCall, text: string, isRepetition: boolean): string {
  if (isRepetition) return text === call.heldBack ? '' : text.slice(call.text.length);
  return text === '' ? '' : (call.doubt?.joined ?? '') + text;
}

/** Returns the arguments that were held back or in doubt, when no more can come. */
export function heldBackPieces(known: KnownCalls) {
  const deltas: ToolCallDelta[] = [];
  const calls = known.map((call) => {
    const text = call.heldBack + settled(call);
    if (text === '') return call;
    deltas.push({ index: call.callIndex, function: { arguments: text } });
    return {
      ...call,
      ...{ heldBack: '', doubt: undefined, hasArguments: true, text: call.text + text },
      scan: advanceScan(call.scan, text),
    };
  });
  return { calls: deltas.length === 0 ? known : calls, deltas };
}

const EMPTY_OBJECT = /^\s*\{\s*\}\s*$/;

/** Holds back `{}`. Some servers send it when a call begins, and send the real arguments later. */
function holdBackPlaceholder(call: KnownCall | undefined, text: string) {
  if (call?.hasArguments) return { heldBack: '', text };
  if (EMPTY_OBJECT.test(text)) return { heldBack: text, text: '' };
  const heldBack = call?.heldBack ?? '';
  return heldBack !== '' && text.trim() === ''
    ? { heldBack: heldBack + text, text: '' }
    : { heldBack: '', text };
}

/** Returns the call that a piece continues. Returns undefined if the piece begins a new call. */
function callOf(calls: KnownCalls, piece: Piece, knownBefore: number): KnownCall | undefined {
  const { index, id, name } = piece;
  const candidates = index === undefined ? calls : calls.filter((call) => call.index === index);
  if (id !== undefined) {
    const named = candidates.findLast((call) => call.id === id);
    if (named) return isOther(named, piece) ? undefined : named;
    // A late id belongs to the last call at its index, if that call has no id yet.
    const last = index === undefined ? undefined : candidates.at(-1);
    const isSameCall = last?.id === undefined || (name === undefined && continues(last, piece));
    return isSameCall && !beginsNewCall(last, piece) ? last : undefined;
  }
  const atPlace = index === undefined && name === undefined && piece.positionInChunk !== undefined;
  // A chunk does not split a call: two pieces of one name without index and id are two calls.
  if (index === undefined && name !== undefined && calls.length > knownBefore) return undefined;
  const last = atPlace ? calls[piece.positionInChunk] : candidates.at(-1);
  return beginsNewCall(last, piece) ? undefined : last;
}

/** Some proxies make a new id for each piece. No server begins a call with arguments, even empty ones, and no name. */
const continues = (call: KnownCall, { hasText, text }: Piece) =>
  hasText && (text.trim() === '' || !call.scan.isWhole);

/** Checks whether a piece is not a repetition of a whole call with its id. Some servers use the name as the id. */
function isOther(call: KnownCall, { name, text }: Piece): boolean {
  if (!call.scan.isWhole || !text.trimStart().startsWith('{')) return false;
  return (name !== undefined && name !== call.name) || !isSameJson(call.text, text);
}

/** Checks whether a piece without an id cannot belong to the call before it. */
function beginsNewCall(call: KnownCall | undefined, { index, name, text }: Piece): boolean {
  if (!call) return true;
  if (name !== undefined && call.name !== undefined && name !== call.name) return true;
  if (index === undefined && name !== undefined && (call.scan.isWhole || call.heldBack !== ''))
    return true;
  if (call.isCumulative && text === call.text) return false;
  return call.scan.isWhole && text.trimStart().startsWith('{');
}

/**
 * Returns the first piece of a call, as it is sent to the client. Clients need an id, a type and arguments, which
 * some servers omit.
 */
function toFirstDelta({ fields, text, id }: Piece, callIndex: number): ToolCallDelta {
  const called = fields['function'];
  const delta = {
    type: 'function',
    ...withoutEmptyFields(fields, 'function'),
    id: id ?? newId(),
    index: callIndex,
  };
  return {
    ...delta,
    function: {
      ...(isFields(called) && withoutEmptyFields(called, 'parameters')),
      arguments: text,
    },
  };
}

/**
 * Returns a further piece of a call, as it is sent to the client. Repeated fields are removed, because clients join
 * the pieces.
 */
function toDelta({ fields, text }: Piece, { callIndex, name }: KnownCall): ToolCallDelta {
  const called = fields['function'];
  const delta = { ...withoutEmptyFields(fields, 'id', 'type', 'function'), index: callIndex };
  if (!isFields(called)) return delta;
  const sent = withoutEmptyFields(
    called,
    'arguments',
    'parameters',
    name === undefined ? '' : 'name',
  );
  return { ...delta, function: { ...sent, ...(text !== '' && { arguments: text }) } };
}

const withoutEmptyFields = (fields: Fields, ...without: string[]) =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => value !== null && value !== '' && !without.includes(name),
    ),
  );

const newId = () => `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;

/** Checks whether the arguments of a call have begun but are incomplete. */
export const isIncomplete = ({ scan }: KnownCalls[number]): boolean => scan.depth > 0;
