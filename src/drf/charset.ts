import { ParseError } from '../errors.js';

/** Python's names of charsets, with only their letters and digits. */
const LATIN1 = new Set(['latin1', 'l1', 'iso88591', 'cp819', 'ibm819']);
const ASCII = new Set(['ascii', 'usascii', 'cp367', 'ibm367']);
const WINDOWS_1252 = new Set(['windows1252', 'cp1252']);

/** The characters of windows-1252 from 80 to 9F. Node 20's own decoder reads these bytes as Latin-1. */
const WINDOWS_1252_HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** The decoder of nearly every body. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const nameOf = (label: string) => label.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Returns the text if every byte is a character. Returns undefined for other charsets. */
function decodeSingleBytes(bytes: Buffer, name: string): string | undefined {
  if (LATIN1.has(name)) return bytes.toString('latin1');
  if (!WINDOWS_1252.has(name)) return undefined;
  return fromWindows1252(bytes);
}

/** Converts all bytes in one pass. A replacement of single characters takes a third of a second for a megabyte. */
function fromWindows1252(bytes: Buffer): string {
  const wide = Buffer.alloc(2 * bytes.length);
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    const isHigh = byte >= 0x80 && byte <= 0x9f;
    wide.writeUInt16LE(isHigh ? WINDOWS_1252_HIGH.charCodeAt(byte - 0x80) : byte, 2 * index);
  }
  return wide.toString('utf16le');
}

/**
 * Decodes bytes in the charset of the label, or in UTF-8 if the label is unknown. Throws `ParseError` for invalid
 * bytes. WHATWG reads `iso-8859-1` and `ascii` as windows-1252, which has other letters than Python and HTTP
 * expect, so these charsets are decoded here.
 */
export function decodeText(bytes: Buffer, label = 'utf-8'): string {
  const name = nameOf(label);
  const text = decodeSingleBytes(bytes, name);
  if (text !== undefined) return text;
  if (ASCII.has(name) && bytes.some((byte) => byte > 0x7f)) throw notText();
  try {
    if (name === 'utf8') return utf8.decode(bytes);
    const [encoding, ignoreBOM] = name === 'utf16' ? [utf16(bytes), false] : [known(label), true];
    return new TextDecoder(encoding, { fatal: true, ignoreBOM }).decode(bytes);
  } catch {
    throw notText();
  }
}

/**
 * Returns a decoder for the escapes of a form. It replaces invalid bytes with U+FFFD. The label is looked up only
 * once, because a form of a megabyte has some hundred thousand escapes.
 */
export function lenientDecoder(label = 'utf-8'): (bytes: Buffer) => string {
  const name = nameOf(label);
  const decoder = new TextDecoder(known(label), { ignoreBOM: true });
  return (bytes) => decodeSingleBytes(bytes, name) ?? decoder.decode(bytes);
}

/** Checks whether the label names UTF-8 or is unknown. */
export function isUtf8(label = 'utf-8'): boolean {
  const name = nameOf(label);
  return !LATIN1.has(name) && !WINDOWS_1252.has(name) && known(label) === 'utf-8';
}

/** Returns WHATWG's name of a charset, or `utf-8` if it is unknown. Python also writes `euc_jp` and `utf-16-le`. */
function known(label: string): string {
  const spellings = [label, label.replaceAll('_', '-'), label.replace(/^(utf-?16)[-_]/i, '$1')];
  for (const spelling of spellings) {
    try {
      return new TextDecoder(spelling).encoding;
    } catch {
      // Try the next spelling.
    }
  }
  return 'utf-8';
}

/** Returns the byte order of UTF-16 from the mark at the start. Without a mark, Python refuses UTF-16. */
function utf16(bytes: Buffer): string {
  const byteOrderMark = bytes.subarray(0, 2).toString('hex');
  if (byteOrderMark === 'fffe') return 'utf-16le';
  if (byteOrderMark === 'feff') return 'utf-16be';
  throw notText();
}

const notText = () => new ParseError('the body is not text in its charset');
