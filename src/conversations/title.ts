import { codePoints } from '../drf/text.js';

/** In code points. */
export const TITLE_MAX_CHARS = 80;
/** What is looked at of a text: letters of several code points, and white space, fit in as well. */
const LOOKED_AT_CHARS = 20 * TITLE_MAX_CHARS;

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The beginning of a text, on one line, without a control character: whole letters, as a reader counts them, of 80 code points at most. */
export function titleOf(text: string): string {
  const start = text.trimStart().slice(0, LOOKED_AT_CHARS);
  const line = start
    .replaceAll('\0', '\ufffd')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toWellFormed();
  if (line.length <= TITLE_MAX_CHARS) return line;
  let title = '';
  let left = TITLE_MAX_CHARS;
  for (const { segment } of letters.segment(line)) {
    left -= codePoints(segment);
    if (left < 0) break;
    title += segment;
  }
  // One letter of more than 80 code points is cut after all.
  return title === '' ? Array.from(line).slice(0, TITLE_MAX_CHARS).join('') : title.trimEnd();
}
