import { BadRequest } from '../errors.js';
import { isUtf8, lenientDecoder } from './charset.js';
import { replaceEach } from './text.js';

const PERCENT = 0x25;
/**
 * Maximum number of runs of escapes in a form that is not UTF-8. Each run is decoded separately and costs some
 * microseconds.
 */
const RUNS_MAX = 1000;

/**
 * Returns a function that decodes the escapes of one part of a form, as Python does. The function throws
 * `BadRequest` if the form has too many of them.
 */
export function unescaper(charset: string | undefined): (part: string) => string {
  if (isUtf8(charset)) return (part) => unescapeUtf8(replaceEach(part, '+', ' '));
  const decode = lenientDecoder(charset);
  let runs = 0;
  return (part) => {
    const text = replaceEach(part, '+', ' ');
    let [plain, end] = ['', 0];
    // `replaceAll` would find all runs before the first callback.
    for (const { 0: escapes, index } of text.matchAll(/(?:%[\da-f]{2})+/gi)) {
      runs += 1;
      if (runs > RUNS_MAX) throw new BadRequest('Too many escapes in the form.');
      const bytes = Buffer.from(replaceEach(escapes, '%', ''), 'hex');
      plain += text.slice(end, index) + decode(bytes);
      end = index + escapes.length;
    }
    return plain + text.slice(end);
  };
}

/**
 * Decodes all escapes in one pass. The result is the same as for each run alone: an unescaped character after a run
 * never completes a character of the run.
 */
function unescapeUtf8(part: string): string {
  if (!part.includes('%')) return part;
  const bytes = Buffer.from(part);
  let length = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const escaped = bytes[index] === PERCENT ? hexAt(bytes, index + 1) : -1;
    bytes[length] = escaped < 0 ? (bytes[index] ?? 0) : escaped;
    if (escaped >= 0) index += 2;
    length += 1;
  }
  return bytes.toString('utf8', 0, length);
}

/** Returns the byte of two hexadecimal digits. Returns a negative number if they are not digits. */
function hexAt(bytes: Buffer, index: number): number {
  const [high, low] = [digit(bytes[index]), digit(bytes[index + 1])];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function digit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
