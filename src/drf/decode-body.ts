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
/** Maximum depth of JSON. Later code walks it with one call for each level. */
const DEPTH_MAX = 500;
/** Maximum number of digits, as in Python. Longer numbers take quadratic time. */
const DIGITS_MAX = 4300;
/**
 * Maximum number of commas in JSON. It is checked before parsing, because a value costs far more than its bytes. As many
 * brackets may be opened, and `DEPTH_MAX` more.
 */
const COMMAS_MAX = 20_000;
/** Above this number of commas or brackets, numbers have JavaScript's precision. A text field then refuses them. */
const EXACT_VALUES_MAX = 1000;
/** Django's limit. */
const FORM_FIELDS_MAX = 1000;

/** The body of a request before it is decoded, with its headers. It is decoded only after authentication. */
export class RawBody {
  constructor(
    readonly bytes: Buffer,
    readonly contentType: string,
    /** The content encoding, such as `gzip`. Empty or `identity` if there is none. */
    readonly contentEncoding = '',
    /** Maximum number of commas outside strings in its JSON. */
    readonly commasMax = COMMAS_MAX,
  ) {}
}

/**
 * Decodes a body as Django REST framework does. An empty body is `{}` with any type. JSON and forms are parsed in
 * the declared charset. The result of a multipart form is a promise. Throws `ParseError`, `UnsupportedMediaType` or
 * `UnsupportedContentEncoding`.
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

/** Decodes a body that must be JSON. Numbers have JavaScript's precision. Throws the same errors as `decodeBody`. */
export function decodeJson(body: RawBody): unknown {
  const { bytes, contentType, commasMax } = body;
  assertNotPacked(body);
  if (!matches(parseMediaType(contentType), JSON_TYPE)) throw new UnsupportedMediaType(contentType);
  return parsePlain(decodeText(bytes, 'utf-8'), commasMax);
}

/**
 * Throws if the body has a content encoding. A small compressed body could fill the memory when it is decompressed,
 * and without this error it would be reported as malformed JSON.
 */
function assertNotPacked({ contentEncoding }: RawBody): void {
  if (!/^(?:identity)?$/i.test(contentEncoding.trim())) {
    throw new UnsupportedContentEncoding(contentEncoding);
  }
}

/**
 * Parses a form. If a field is given twice, the last one counts. Bytes that are invalid in the charset are read as
 * Latin-1.
 */
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
  const values = countValues(text, commasMax);
  const value = parseOrThrow(() => secureJson.parse(text));
  return values > EXACT_VALUES_MAX ? value : parseOrThrow(() => withExactIntegers(value, text));
}

function parsePlain(text: string, commasMax: number): unknown {
  countValues(text, commasMax);
  return parseOrThrow(() => secureJson.parse(text));
}

/** Runs a parser, and converts every error to `ParseError`, because the body is the caller's. */
function parseOrThrow(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw new ParseError(error instanceof Error ? error.message : 'malformed');
  }
}

/**
 * Returns the value with each integer at the top level as a `bigint`, which keeps its digits. So a text field
 * accepts 12345678901234567890 with all twenty digits. The second, slower parse only runs if there is a number.
 */
function withExactIntegers(value: unknown, text: string): unknown {
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

/**
 * Counts opening brackets and commas outside strings, in one pass, and returns the larger number. The text may be
 * invalid JSON. Throws `ParseError`.
 */
export function countValues(text: string, commasMax: number): number {
  if (text.startsWith('\ufeff')) throw new ParseError('Unexpected UTF-8 BOM');
  let [depth, opened, commas, inString] = [0, 0, 0, false];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === COMMA) commas += 1;
    else if (OPENS.has(code)) [depth, opened] = [depth + 1, opened + 1];
    else if (CLOSES.has(code)) depth -= 1;
    if (depth > DEPTH_MAX) throw new ParseError('nested too deeply');
    if (commas > commasMax || opened > commasMax + DEPTH_MAX) {
      throw new ParseError('too many values');
    }
  }
  return Math.max(commas, opened);
}
