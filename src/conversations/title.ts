import { toStorableText } from '../database/storable-text.js';
import { codePoints } from '../drf/text.js';

/** Maximum length of a title, in code points. */
export const TITLE_MAX_CHARS = 80;
/**
 * Number of UTF-16 code units that are examined. This leaves room for characters of several code points, and
 * for white space.
 */
const EXAMINED_CHARS = 20 * TITLE_MAX_CHARS;

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Returns the beginning of a text on one line, without control characters. It contains whole characters as a
 * reader sees them (graphemes), 80 code points at most.
 */
export function titleOf(text: string): string {
  const start = text.trimStart().slice(0, EXAMINED_CHARS);
  // NUL is a control character too, so it is replaced first.
  const line = toStorableText(start)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (line.length <= TITLE_MAX_CHARS) return line;
  let title = '';
  let charsLeft = TITLE_MAX_CHARS;
  for (const { segment } of letters.segment(line)) {
    charsLeft -= codePoints(segment);
    if (charsLeft < 0) break;
    title += segment;
  }
  // A single character of more than 80 code points is cut.
  return title === '' ? Array.from(line).slice(0, TITLE_MAX_CHARS).join('') : title.trimEnd();
}
