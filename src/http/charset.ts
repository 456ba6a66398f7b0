import { ParseError } from '../errors.js';

/** Python's names, without what stands between their letters and digits. */
const LATIN1 = new Set(['latin1', 'l1', 'iso88591', 'cp819', 'ibm819']);
const ASCII = new Set(['ascii', 'usascii', 'cp367', 'ibm367']);

const nameOf = (label: string) => label.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/**
 * Bytes as text in the charset that the label names; in UTF-8 where nobody knows the label. Throws
 * `ParseError` for bytes that no text has. WHATWG takes `iso-8859-1` and `ascii` for windows-1252, which
 * gives other letters than Python and HTTP mean, so these two are read here.
 */
export function decodeText(bytes: Buffer, label = 'utf-8'): string {
  const name = nameOf(label);
  if (LATIN1.has(name)) return bytes.toString('latin1');
  if (ASCII.has(name) && bytes.some((byte) => byte > 0x7f)) throw notText();
  const [encoding, ignoreBOM] = name === 'utf16' ? [utf16(bytes), false] : [known(label), true];
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM }).decode(bytes);
  } catch {
    throw notText();
  }
}

/** The same for the escapes of a form, where U+FFFD stands for what is no text. */
export function decodeLeniently(bytes: Buffer, label = 'utf-8'): string {
  if (LATIN1.has(nameOf(label))) return bytes.toString('latin1');
  return new TextDecoder(known(label), { ignoreBOM: true }).decode(bytes);
}

function known(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return 'utf-8';
  }
}

/** Which byte comes first is told by the mark at the head, without which Python reads no UTF-16. */
function utf16(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe') return 'utf-16le';
  if (mark === 'feff') return 'utf-16be';
  throw notText();
}

const notText = () => new ParseError('the body is not text in its charset');
