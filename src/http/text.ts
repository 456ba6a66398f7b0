/** What Python's `str.strip()` takes off: JavaScript's `trim()` leaves U+0085 and U+001C to U+001F, and takes U+FEFF. */
// eslint-disable-next-line no-control-regex -- the reference's white space has four control characters
const WHITE_SPACE =
  /[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Trims as the reference does. A loop, because `/\s+$/` takes quadratic time on a megabyte of spaces. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && WHITE_SPACE.test(text.charAt(start))) start += 1;
  while (end > start && WHITE_SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Length in Unicode code points, which is what people and the reference count. */
export function codePoints(text: string): number {
  let count = 0;
  for (const character of text) count += character.length > 0 ? 1 : 0;
  return count;
}

/** The first half of a surrogate pair that stands alone, as `U+D800`; undefined where there is none. */
export function loneSurrogate(text: string): string | undefined {
  if (text.isWellFormed()) return undefined;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return `U+${code.toString(16).toUpperCase()}`;
  }
  return undefined;
}
