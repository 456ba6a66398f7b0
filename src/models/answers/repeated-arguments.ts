import { UNSCANNED, advanceScan, type ObjectScan } from './object-scan.js';

/** The arguments of a call so far, and how its server sends them. */
export interface ArgumentsSoFar {
  /** The arguments so far, to compare with a piece or a message that repeats them. */
  readonly text: string;
  readonly scan: ObjectScan;
  /** Whether a piece has repeated all arguments so far. The next pieces do so too. */
  readonly isCumulative: boolean;
  readonly doubt: Doubt | undefined;
}

/** Pieces that may repeat all arguments so far, or follow them. Nothing of them has been sent yet. */
interface Doubt {
  readonly last: string;
  /** All of them, as they follow the arguments so far, and the scan after them. */
  readonly joined: string;
  readonly scan: ObjectScan;
}

/** More text that is in doubt is taken as what follows, so that its memory is bounded. */
const DOUBT_MAX_CHARS = 65_536;

/**
 * Tells what a piece is. A repetition begins with all arguments so far, and could not follow them in JSON. `{"a":1}` can
 * follow `{"a":`, so it is in doubt until a further piece, or the end, decides.
 */
export function kindOf(
  { text: before, scan, isCumulative, doubt }: ArgumentsSoFar,
  text: string,
): 'more' | 'repetition' | 'doubtful' {
  const last = doubt?.last ?? before;
  // The cheap test first: each piece of long arguments is compared.
  if (text === '' || text.length < last.length || !/^\s*\{/.test(before)) return 'more';
  if (!text.startsWith(last)) return 'more';
  if (isCumulative || !mayFollow(last, doubt?.scan ?? scan, text)) return 'repetition';
  return (doubt?.joined.length ?? 0) + text.length > DOUBT_MAX_CHARS ? 'more' : 'doubtful';
}

/** Checks whether a text that begins an object may follow arguments that end with `last`. */
const mayFollow = (last: string, { isInString }: ObjectScan, text: string) =>
  isInString ? !/^\s*\{\s*"[^\s:,}\]"]/.test(text) : /[:,[]/.test(last.trimEnd().at(-1) ?? '');

/** Returns the doubt after one more piece that is in doubt. */
export const withDoubtful = ({ scan, doubt }: ArgumentsSoFar, text: string): Doubt => ({
  last: text,
  joined: (doubt?.joined ?? '') + text,
  scan: advanceScan(doubt?.scan ?? scan, text),
});

/** Returns what is in doubt when no more pieces can come: what makes the arguments whole. */
export function settled({ text, doubt }: ArgumentsSoFar): string {
  if (!doubt) return '';
  const isRepetition = !doubt.scan.isWhole && advanceScan(UNSCANNED, doubt.last).isWhole;
  return isRepetition ? doubt.last.slice(text.length) : doubt.joined;
}
