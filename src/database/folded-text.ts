/** Marks on one letter; what has more of them takes the square of their number to sort, and is cut. */
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;

const isAscii = (text: string) => Buffer.byteLength(text) === text.length;
const lowerAscii = (text: string) =>
  text.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase());

/**
 * A text as searches compare it: upper and lower case are one in every alphabet, and so are a letter with its mark
 * and the two apart. By way of capitals, for \u00df is ss there, and both small sigmas are one.
 */
export function folded(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text
    .replaceAll(TOO_MANY_MARKS, '$1')
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll('\u03c2', '\u03c3')
    .replaceAll('i\u0307', 'i')
    .normalize('NFC');
}

/**
 * What is kept beside texts for searches: the folded ones, one a line; null where folding does no more to them
 * than to make A to Z small, as a database does by itself. So most texts are kept once.
 */
export function foldedBeside(...texts: string[]): string | null {
  if (texts.every(isAscii)) return null;
  const all = texts.map(folded);
  return texts.every((text, n) => lowerAscii(text) === all[n]) ? null : all.join('\n');
}
