import { isDeepStrictEqual } from 'node:util';
import { continuesPart, isMoreText, withPiece, type ThoughtParts } from '../thought-parts.js';
import type { Fields } from '../../json-fields.js';

/** The last part of a field, and the parts before it. Adding a part takes the same time however many there are. */
interface Chain {
  readonly last: Fields;
  readonly before: Chain | undefined;
  readonly length: number;
}

/** The parts of the thinking so far, by field. Immutable. */
export type KnownParts = Readonly<Record<string, Chain>>;

/** Returns the parts after those of one event, which may be pieces of the last part. */
export function partsAfter(known: KnownParts, added: ThoughtParts): KnownParts {
  const next: Record<string, Chain> = { ...known };
  for (const [name, pieces] of Object.entries(added)) {
    for (const piece of pieces) next[name] = chainAfter(next[name], piece);
  }
  return next;
}

function chainAfter(chain: Chain | undefined, piece: Fields): Chain {
  if (chain && continuesPart(chain.last, piece))
    return { ...chain, last: withPiece(chain.last, piece) };
  return { last: piece, before: chain, length: (chain?.length ?? 0) + 1 };
}

/**
 * Returns the new parts of a message. If the parts begin with all parts so far, the rest is new. Otherwise all of
 * them are new, unless output came in deltas: then they repeat it, and nothing is new.
 */
export function newParts(
  known: KnownParts,
  parts: ThoughtParts,
  usesDeltas: boolean,
): ThoughtParts | undefined {
  const rests = Object.entries(parts).map(([name, now]) => {
    const rest = restOf(known[name], now) ?? (usesDeltas ? [] : now);
    return [name, rest] as const;
  });
  const added = rests.filter(([, rest]) => rest.length > 0);
  return added.length > 0 ? Object.fromEntries(added) : undefined;
}

/** Returns undefined if the parts do not begin with those of the chain. */
function restOf(chain: Chain | undefined, parts: readonly Fields[]): readonly Fields[] | undefined {
  if (!chain) return parts;
  const at = chain.length - 1;
  const end = restOfPart(chain.last, parts[at]);
  if (!end) return undefined;
  let place = at - 1;
  for (let link = chain.before; link; link = link.before, place -= 1) {
    if (restOfPart(link.last, parts[place])?.hasMore !== false) return undefined;
  }
  const added = parts.slice(chain.length);
  return end.hasMore ? [end.piece, ...added] : added;
}

/** Returns the rest of a part that begins with a known part, as a piece with the same type and index. */
function restOfPart(known: Fields, part: Fields | undefined) {
  if (!part) return undefined;
  const piece: Record<string, unknown> = {};
  let hasMore = false;
  for (const [field, value] of Object.entries(part)) {
    const before = known[field] ?? undefined;
    const isText = typeof before === 'string' && isMoreText(known, field, value);
    if (isText && value.startsWith(before)) {
      const rest = value.slice(before.length);
      if (rest !== '') piece[field] = rest;
      hasMore ||= rest !== '';
    } else if (before === undefined || value === null) {
      piece[field] = value;
      hasMore ||= value !== null && value !== '';
    } else if (isDeepStrictEqual(before, value)) piece[field] = value;
    else return undefined;
  }
  return { piece, hasMore };
}
