import { ParseError } from '../errors.js';

/** Python's names, without what stands between their letters and digits. */
const LATIN1 = new Set(['latin1', 'l1', 'iso88591', 'cp819', 'ibm819']);
const ASCII = new Set(['ascii', 'usascii', 'cp367', 'ibm367']);
const WINDOWS_1252 = new Set(['windows1252', 'cp1252']);

/** What windows-1252 has at 80 to 9F; Node 20's own decoder takes it for Latin-1. */
const WINDOWS_1252_HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

const nameOf = (label: string) => label.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The text, where every byte is a character; undefined for the other charsets. */
function decodeSingleBytes(bytes: Buffer, name: string): string | undefined {
  if (LATIN1.has(name)) return bytes.toString('latin1');
  if (!WINDOWS_1252.has(name)) return undefined;
  return bytes
    .toString('latin1')
    .replaceAll(/[\x80-\x9f]/g, (byte) => WINDOWS_1252_HIGH.charAt(byte.charCodeAt(0) - 0x80));
}

/**
 * Bytes as text in the charset that the label names; in UTF-8 where nobody knows the label. Throws
 * `ParseError` for bytes that no text has. WHATWG takes `iso-8859-1` and `ascii` for windows-1252, which
 * gives other letters than Python and HTTP mean, so these are read here.
 */
export function decodeText(bytes: Buffer, label = 'utf-8'): string {
  const name = nameOf(label);
  const text = decodeSingleBytes(bytes, name);
  if (text !== undefined) return text;
  if (ASCII.has(name) && bytes.some((byte) => byte > 0x7f)) throw notText();
  const [encoding, ignoreBOM] = name === 'utf16' ? [utf16(bytes), false] : [known(label), true];
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM }).decode(bytes);
  } catch {
    throw notText();
  }
}

/**
 * The same for the escapes of a form, where U+FFFD stands for what is no text. The label is looked up once: a
 * form of a megabyte has some hundred thousand escapes.
 */
export function lenientDecoder(label = 'utf-8'): (bytes: Buffer) => string {
  const name = nameOf(label);
  const decoder = new TextDecoder(known(label), { ignoreBOM: true });
  return (bytes) => decodeSingleBytes(bytes, name) ?? decoder.decode(bytes);
}

/** Whether the label names UTF-8, or nothing that is known. */
export function isUtf8(label = 'utf-8'): boolean {
  const name = nameOf(label);
  return !LATIN1.has(name) && !WINDOWS_1252.has(name) && known(label) === 'utf-8';
}

/** WHATWG's name for it: Python also writes `euc_jp` and `utf-16-le`. */
function known(label: string): string {
  const spellings = [label, label.replaceAll('_', '-'), label.replace(/^(utf-?16)[-_]/i, '$1')];
  for (const spelling of spellings) {
    try {
      return new TextDecoder(spelling).encoding;
    } catch {
      // The next spelling may be one.
    }
  }
  return 'utf-8';
}

/** Which byte comes first is told by the mark at the head, without which Python reads no UTF-16. */
function utf16(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe') return 'utf-16le';
  if (mark === 'feff') return 'utf-16be';
  throw notText();
}

const notText = () => new ParseError('the body is not text in its charset');
