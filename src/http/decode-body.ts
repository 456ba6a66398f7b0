import { parse as parseLossless } from 'lossless-json';
import secureJson from 'secure-json-parse';
import { ParseError, UnsupportedMediaType } from '../errors.js';

/** A request's body as it came, with what it says of itself. Decoded only after authentication. */
export class RawBody {
  constructor(
    readonly bytes: Buffer,
    readonly contentType: string,
  ) {}
}

/**
 * Bytes to a value, as Django REST framework reads them: an empty body is `{}` whatever its type, JSON
 * and forms are read, the declared charset is honoured. Throws `ParseError` or `UnsupportedMediaType`.
 */
export function decodeBody({ bytes, contentType }: RawBody): unknown {
  if (bytes.length === 0) return {};
  const [essence = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  const charset = parameters.find((part) => /^charset=/i.test(part))?.slice('charset='.length);
  switch (essence.toLowerCase()) {
    case 'application/json':
      return parseJson(decodeText(bytes, charset));
    case 'application/x-www-form-urlencoded':
      return Object.fromEntries(new URLSearchParams(decodeText(bytes, charset)));
    default:
      throw new UnsupportedMediaType(contentType);
  }
}

function decodeText(bytes: Buffer, charset = 'utf-8'): string {
  const label = charset.replaceAll('"', '').toLowerCase();
  // WHATWG reads this label as windows-1252; Python and HTTP mean the real one.
  if (label === 'iso-8859-1' || label === 'latin1') return bytes.toString('latin1');
  try {
    return decoderFor(label).decode(bytes);
  } catch {
    throw new ParseError('the body is not text in its charset');
  }
}

/** A charset nobody knows is read as UTF-8, as the reference does. */
function decoderFor(label: string): InstanceType<typeof TextDecoder> {
  const options = { fatal: true, ignoreBOM: true };
  try {
    return new TextDecoder(label, options);
  } catch {
    return new TextDecoder('utf-8', options);
  }
}

/**
 * Integers at the top level keep their digits, as `bigint`: a text field takes 12345678901234567890 as
 * those twenty digits. The second, slower parse happens only where there is such a number.
 */
function parseJson(text: string): unknown {
  if (text.startsWith('\ufeff')) throw new ParseError('Unexpected UTF-8 BOM');
  try {
    const value: unknown = secureJson.parse(text);
    if (!hasNumber(value)) return value;
    return parseLossless(text, undefined, {
      parseNumber,
      onDuplicateKey: ({ newValue }) => newValue,
    });
  } catch (error) {
    throw new ParseError(error instanceof Error ? error.message : 'malformed');
  }
}

/** Python reads no longer integers either; `BigInt` would take quadratic time over a megabyte of digits. */
const INTEGER = /^-?\d{1,4300}$/;

function parseNumber(digits: string): bigint | number {
  return INTEGER.test(digits) ? BigInt(digits) : Number(digits);
}

function hasNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((field) => typeof field === 'number');
}
