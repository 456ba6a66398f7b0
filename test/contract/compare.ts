import type { Answer } from '../support/client.js';
import { headerDeviations, type Json, type RecordedAnswer } from './recorded.js';
import { fill, type Placeholders } from './stage.js';

/** The pattern of each placeholder for a value that differs each time. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  '<NEW_TOKEN>': /^[\da-f]{40}$/,
  '<TIMESTAMP>': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/,
  '<JWT>': /^[\w-]+\.[\w-]+\.[\w-]+$/,
};

/** The rest of the sentence comes from the JSON parser, here and in the reference. See deviations.md. */
const PARSE_ERROR = 'JSON parse error - ';

/** The compared parts of an answer, in the same form for expected and received. */
export interface ComparedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** JSON as text, so that the order of its keys counts. */
  readonly body: string;
}

/** Returns the expected answer of a case, with the placeholders that are known filled in. */
export function expected(
  answer: Pick<RecordedAnswer, 'status' | 'headers' | 'body'>,
  placeholders: Placeholders,
): ComparedAnswer {
  const body = JSON.stringify(answer.body);
  return { status: answer.status, headers: answer.headers, body: fill(body, placeholders) };
}

/** Returns the answer in the form of `wanted`: with its placeholders where they match, and only its headers. */
export function comparable(
  answer: Answer,
  wanted: ComparedAnswer,
  placeholders: Placeholders,
): ComparedAnswer {
  const headers = Object.keys(wanted.headers).map((name) => [name, answer.headers[name]]);
  const known = Object.values(placeholders);
  const body = mask(answer.body as Json, JSON.parse(wanted.body) as Json, known);
  return {
    status: answer.status,
    headers: Object.fromEntries(headers) as ComparedAnswer['headers'],
    body: JSON.stringify(body),
  };
}

/** Returns `actual` with the placeholders of `wanted` wherever they match, and without an added `code`. */
function mask(actual: Json, wanted: Json, known: readonly string[]): Json {
  if (typeof actual === 'string' && typeof wanted === 'string') {
    const isNew = PATTERNS[wanted]?.test(actual) === true && !known.includes(actual);
    const isParseError = [actual, wanted].every((text) => text.startsWith(PARSE_ERROR));
    return isNew || isParseError ? wanted : actual;
  }
  if (!isObject(actual) || !isObject(wanted)) return actual;
  const mayAddCode = 'detail' in wanted && !('code' in wanted);
  const entries = Object.entries(actual).filter(([key]) => key !== 'code' || !mayAddCode);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, mask(value, wanted[key] ?? null, known)]),
  );
}

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the recorded headers, with this service's values where the table of headers lists them. */
export function ownHeaders(path: string, headers: Record<string, string>): Record<string, string> {
  const values = Object.entries(headers).map(([name, value]) => {
    const row = headerDeviations.find(
      (deviation) =>
        path.startsWith(deviation.path) &&
        deviation.header === name &&
        deviation.recorded === value,
    );
    return [name, row?.here ?? value];
  });
  return Object.fromEntries(values) as Record<string, string>;
}
