import { parse as parseLossless } from 'lossless-json';
import secureJson from 'secure-json-parse';
import {
  BadRequest,
  ParseError,
  UnsupportedContentEncoding,
  UnsupportedMediaType,
} from '../errors.js';
import { decodeText } from './charset.js';
import { unescaper } from './form-escapes.js';
import { matches, parseMediaType } from './media-type.js';
import { decodeMultipart } from './multipart.js';

const JSON_TYPE = parseMediaType('application/json');
const FORM_TYPE = parseMediaType('application/x-www-form-urlencoded');
const MULTIPART_TYPE = parseMediaType('multipart/form-data');
/** Deeper JSON is refused, for what walks over it later calls itself at every level. */
const DEPTH_MAX = 500;
/** Python's limit; longer ones take quadratic time. */
const DIGITS_MAX = 4300;
/** JSON of more values is refused before it is parsed: each costs far more than its bytes. */
const COMMAS_MAX = 20_000;
/** With more, numbers are what JavaScript makes of them: no text field takes one then. */
const EXACT_COMMAS_MAX = 1000;
/** Django's limit. */
const FORM_FIELDS_MAX = 1000;

/** A request's body as it came, with what it says of itself. Decoded only after authentication. */
export class RawBody {
  constructor(
    readonly bytes: Buffer,
    readonly contentType: string,
    /** How it was packed: `gzip`; empty or `identity` for not at all. */
    readonly contentEncoding = '',
    /** Commas outside of strings that its JSON may have. */
    readonly commasMax = COMMAS_MAX,
  ) {}
}

/**
 * Bytes to a value, as Django REST framework reads them: an empty body is `{}` whatever its type, JSON
 * and forms are read, the declared charset is honoured. A form of several parts is a promise of it. Throws
 * `ParseError`, `UnsupportedMediaType` or `UnsupportedContentEncoding`.
 */
export function decodeBody(body: RawBody): unknown {
  const { bytes, contentType, commasMax } = body;
  if (bytes.length === 0) return {};
  assertNotPacked(body);
  const type = parseMediaType(contentType);
  const charset = type.parameters.get('charset');
  if (matches(type, JSON_TYPE)) return parseJson(decodeText(bytes, charset), commasMax);
  if (matches(type, FORM_TYPE)) return parseForm(bytes, charset);
  if (matches(type, MULTIPART_TYPE)) return decodeMultipart(bytes, contentType);
  throw new UnsupportedMediaType(contentType);
}

/** A body that may be JSON alone, with the numbers as JavaScript has them. Throws as `decodeBody` does. */
export function decodeJson(body: RawBody): unknown {
  const { bytes, contentType, commasMax } = body;
  assertNotPacked(body);
  if (!matches(parseMediaType(contentType), JSON_TYPE)) throw new UnsupportedMediaType(contentType);
  return parsePlain(decodeText(bytes, 'utf-8'), commasMax);
}

/** Unpacked here, a small body could fill the memory; as JSON it would only be called malformed. */
function assertNotPacked({ contentEncoding }: RawBody): void {
  if (!/^(?:identity)?$/i.test(contentEncoding.trim())) {
    throw new UnsupportedContentEncoding(contentEncoding);
  }
}

/** Of a field given twice the last counts. Bytes that are not in the charset are taken for Latin-1. */
function parseForm(bytes: Buffer, charset: string | undefined): Record<string, string> {
  let text: string;
  try {
    text = decodeText(bytes, charset);
  } catch {
    text = bytes.toString('latin1');
  }
  const unescape = unescaper(charset);
  const pairs = text.split('&', FORM_FIELDS_MAX + 1);
  if (pairs.length > FORM_FIELDS_MAX) throw new BadRequest('Too many form fields.');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s, 2);
      return [unescape(name), unescape(value)];
    }),
  );
}

function parseJson(text: string, commasMax: number): unknown {
  const commas = countCommas(text, commasMax);
  const value = parsing(() => secureJson.parse(text));
  return commas > EXACT_COMMAS_MAX ? value : parsing(() => withDigits(value, text));
}

function parsePlain(text: string, commasMax: number): unknown {
  countCommas(text, commasMax);
  return parsing(() => secureJson.parse(text));
}

/** Whatever a parser complains about is the caller's fault. */
function parsing(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw new ParseError(error instanceof Error ? error.message : 'malformed');
  }
}

/**
 * The value, but each integer at the top level a `bigint`, which keeps its digits: a text field takes
 * 12345678901234567890 as those twenty. The second, slower parse happens only where there is a number.
 */
function withDigits(value: unknown, text: string): unknown {
  const exact = () =>
    parseLossless(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  if (typeof value === 'number') return exact();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value as Record<string, unknown>);
  if (!fields.some(([, field]) => typeof field === 'number')) return value;
  const digits = exact() as Record<string, unknown>;
  return Object.fromEntries(
    fields.map(([name, field]) => [name, typeof field === 'number' ? digits[name] : field]),
  );
}

function parseNumber(text: string): bigint | number {
  if (!/^-?\d+$/.test(text)) return Number(text);
  if (text.length > DIGITS_MAX) throw new RangeError('a number of too many digits');
  return BigInt(text);
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENS = new Set([0x5b, 0x7b]);
const CLOSES = new Set([0x5d, 0x7d]);

/** Counts brackets and commas outside of strings, in one pass; the text need not be JSON. Throws `ParseError`. */
function countCommas(text: string, commasMax: number): number {
  if (text.startsWith('\ufeff')) throw new ParseError('Unexpected UTF-8 BOM');
  let [depth, commas, inString] = [0, 0, false];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === COMMA) commas += 1;
    else if (OPENS.has(code)) depth += 1;
    else if (CLOSES.has(code)) depth -= 1;
    if (depth > DEPTH_MAX) throw new ParseError('nested too deeply');
    if (commas > commasMax) throw new ParseError('too many values');
  }
  return commas;
}
