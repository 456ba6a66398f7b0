import type { ErrorAnswer } from '../errors.js';

/** Where OpenAI's clients come in: every error there has their shape. */
export function isOpenAiPath(url: string): boolean {
  return /^\/v1(?:[/?]|$)/.test(url);
}

const MODELS_PATH = '/v1/models/';

/** A model's id may have slashes, which some clients send as they stand: to the router it is one part of the path. */
export function withModelInOnePart(url: string): string {
  if (!url.startsWith(MODELS_PATH)) return url;
  const query = url.includes('?') ? url.indexOf('?') : url.length;
  let end = query;
  while (url[end - 1] === '/') end -= 1;
  if (end <= MODELS_PATH.length) return url;
  return MODELS_PATH + url.slice(MODELS_PATH.length, end).replaceAll('/', '%2F') + url.slice(end);
}

/** The codes by which OpenAI's clients tell errors apart; any other is ours. */
const CODES: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  402: 'insufficient_quota',
  429: 'rate_limit_exceeded',
};

const WRONG_KEY = 'Incorrect API key provided.';

/** OpenAI's words for ours where a credential is missing, or is none that we know: people look these up. */
const IN_THEIR_WORDS: Readonly<Record<string, string>> = {
  'Authentication credentials were not provided.':
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
  'Invalid token.': WRONG_KEY,
  'Given token not valid for any token type': WRONG_KEY,
};

/** What our own routes call a message is one of several here. */
const FIELDS: Readonly<Record<string, string | null>> = {
  message: 'messages',
  non_field_errors: null,
};

/** The field that an error is about, where it is known by its code. */
const PARAMS: Readonly<Record<string, string>> = {
  model_not_found: 'model',
  previous_response_not_found: 'previous_response_id',
};

function typeOf(status: number): string {
  if (status >= 500) return 'server_error';
  if (status === 402) return 'insufficient_quota';
  return status === 429 ? 'requests' : 'invalid_request_error';
}

/** The sentence of an error in either of our shapes, and the first field that it is about. */
function sentenceOf(body: object): { message: string; param: string | null } {
  if ('detail' in body) return { message: String(body.detail), param: null };
  if ('error' in body) return { message: String(body.error), param: null };
  const [[field, sentences] = ['', []]] = Object.entries(body) as [string, readonly string[]][];
  return {
    message: sentences[0] ?? '',
    param: Object.hasOwn(FIELDS, field) ? (FIELDS[field] ?? null) : field,
  };
}

/**
 * The same error in OpenAI's shape. Their clients send a request again after 408, 409, 429 and 5xx, not
 * after 402; the header says so to any that would.
 */
export function toOpenAi({ status, body, headers }: ErrorAnswer, ownCode: string): ErrorAnswer {
  const { message, param } = sentenceOf(body);
  const error = {
    message: IN_THEIR_WORDS[message] ?? message,
    type: typeOf(status),
    param: PARAMS[ownCode] ?? param,
    code: CODES[status] ?? (ownCode === 'invalid' ? null : ownCode),
  };
  const retry = status === 402 ? { 'x-should-retry': 'false' } : {};
  return { status, body: { error }, headers: { ...headers, ...retry } };
}
