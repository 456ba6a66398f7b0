import { BadRequest } from '../errors.js';
import { isUtf8, lenientDecoder } from './charset.js';

const PERCENT = 0x25;
/** Runs of escapes in a form that is not UTF-8: each is decoded by itself, and costs some microseconds. */
const RUNS_MAX = 1000;

/** What undoes the escapes of one form, part by part, as Python does. Throws `BadRequest` for too many of them. */
export function unescaper(charset: string | undefined): (part: string) => string {
  if (isUtf8(charset)) return (part) => unescapeUtf8(part.replaceAll('+', ' '));
  const decode = lenientDecoder(charset);
  let runs = 0;
  return (part) => {
    const text = part.replaceAll('+', ' ');
    let [plain, end] = ['', 0];
    // `replaceAll` would look for all runs before it gives the first.
    for (const { 0: escapes, index } of text.matchAll(/(?:%[\da-f]{2})+/gi)) {
      runs += 1;
      if (runs > RUNS_MAX) throw new BadRequest('Too many escapes in the form.');
      const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
      plain += text.slice(end, index) + decode(bytes);
      end = index + escapes.length;
    }
    return plain + text.slice(end);
  };
}

/** All at once: what is cut off at the end of an escaped run is cut off before any other character as well. */
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

/** The byte that two hexadecimal digits name; negative for what is no such pair. */
function hexAt(bytes: Buffer, index: number): number {
  const [high, low] = [digit(bytes[index]), digit(bytes[index + 1])];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function digit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
