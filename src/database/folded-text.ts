/** A limit of 30 marks on one letter; the rest is removed. Sorting n marks takes time in proportion to n squared. */
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;

const isAscii = (text: string) => Buffer.byteLength(text) === text.length;
const lowerAscii = (text: string) =>
  text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());

/**
 * Returns a text in the form that searches compare. Upper and lower case are equal in every alphabet. A letter with
 * a mark is equal to the letter followed by the mark. The text is upper-cased in between, because that turns \u00df
 * into SS and makes both small sigmas equal. It is lower-cased before that, because the capital \u1e9e stays as it is
 * in upper case.
 */
export function folded(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text
    .replaceAll(TOO_MANY_MARKS, '$1')
    .normalize('NFC')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('\u03c2', '\u03c3')
    .replaceAll('i\u0307', 'i')
    .normalize('NFC');
}

/**
 * Returns the text that is stored beside some texts for searches: the folded texts, one a line. Returns null if
 * folding only changes A to Z, because the database does that itself. So most texts are stored once.
 */
export function foldedBeside(...texts: string[]): string | null {
  if (texts.every(isAscii)) return null;
  const all = texts.map(folded);
  return texts.every((text, n) => lowerAscii(text) === all[n]) ? null : all.join('\n');
}
