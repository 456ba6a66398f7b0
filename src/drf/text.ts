/**
 * The characters that Python's `str.strip()` removes. JavaScript's `trim()` keeps five of them, and removes U+FEFF.
 */
const WHITE_SPACE = new Set(
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008' +
    '\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** Trims as the reference does. It uses a loop, because `/\s+$/` takes quadratic time on a megabyte of spaces. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && WHITE_SPACE.has(text.charAt(start))) start += 1;
  while (end > start && WHITE_SPACE.has(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/**
 * Replaces every occurrence of `from`. `replaceAll` takes ten times as long for a megabyte in which each character
 * matches, a third of a second.
 */
export const replaceEach = (text: string, from: string, to: string): string =>
  text.includes(from) ? text.split(from).join(to) : text;

/** Returns the length in Unicode code points, as users and the reference count. */
export function codePoints(text: string): number {
  let count = 0;
  for (const character of text) count += character.length > 0 ? 1 : 0;
  return count;
}

/** Checks whether a text has more than `max` code points. It never has more code points than its length. */
export const isLongerThan = (text: string, max: number): boolean =>
  text.length > max && codePoints(text) > max;

/** Returns the error sentence for more than `max` code points. */
export const tooLong = (max: number) =>
  `Ensure this field has no more than ${String(max)} characters.`;

/** Returns the first unpaired surrogate, as `U+D800`. Returns undefined if there is none. */
export function loneSurrogate(text: string): string | undefined {
  if (text.isWellFormed()) return undefined;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return `U+${code.toString(16).toUpperCase()}`;
  }
  return undefined;
}
