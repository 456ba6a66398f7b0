import type { ErrorAnswer } from '../errors.js';

/** Checks whether a URL belongs to the routes for OpenAI's clients. Every error there has OpenAI's shape. */
export function isOpenAiPath(url: string): boolean {
  return /^\/v1(?:[/?]|$)/.test(url);
}

const MISPLACED =
  /^(?!\/v1\/)\/+(?:(?:api|openai|v1)\/+){0,2}(?:chat\/completions|responses|embeddings|models)\/*(?:\?|$)/;

/**
 * Checks whether a URL is a route of OpenAI's API at another place than below /v1, because the client's base URL does
 * not end there. The client shows no error in another shape than OpenAI's.
 */
export function isMisplacedOpenAiPath(url: string): boolean {
  return MISPLACED.test(url);
}

const MODELS_PATH = '/v1/models/';

/**
 * Escapes the slashes of a model's id, which some clients send unescaped. The router then sees one part of the
 * path.
 */
export function withModelInOnePart(url: string): string {
  if (!url.startsWith(MODELS_PATH)) return url;
  const query = url.includes('?') ? url.indexOf('?') : url.length;
  let end = query;
  while (url[end - 1] === '/') end -= 1;
  if (end <= MODELS_PATH.length) return url;
  return MODELS_PATH + url.slice(MODELS_PATH.length, end).replaceAll('/', '%2F') + url.slice(end);
}

/** The error codes that OpenAI's clients know, by status. All other statuses use our codes. */
const CODES: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  402: 'insufficient_quota',
  429: 'rate_limit_exceeded',
};

const WRONG_KEY = 'Incorrect API key provided.';

/** OpenAI's sentences for a missing or unknown credential. Users search for these sentences. */
const OPENAI_SENTENCES: Readonly<Record<string, string>> = {
  'Authentication credentials were not provided.':
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
  'Invalid token.': WRONG_KEY,
  'Given token not valid for any token type': WRONG_KEY,
};

/** Fields that have another name on OpenAI's routes, or none. */
const FIELDS: Readonly<Record<string, string | null>> = {
  message: 'messages',
  non_field_errors: null,
};

/** The field that an error is about, for codes that imply it. */
const PARAMS: Readonly<Record<string, string>> = {
  model_not_found: 'model',
  previous_response_not_found: 'previous_response_id',
};

function typeOf(status: number): string {
  if (status >= 500) return 'server_error';
  if (status === 402) return 'insufficient_quota';
  return status === 429 ? 'requests' : 'invalid_request_error';
}

/** Returns the sentence of an error in either of our shapes, and the first field that it is about. */
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
 * Converts an error to OpenAI's shape. OpenAI's clients retry after 408, 409, 429 and 5xx, but not after 402. The
 * header stops any client that would retry after 402.
 */
export function toOpenAi({ status, body, headers }: ErrorAnswer, ownCode: string): ErrorAnswer {
  const { message, param } = sentenceOf(body);
  const error = {
    message: OPENAI_SENTENCES[message] ?? message,
    type: typeOf(status),
    param: PARAMS[ownCode] ?? param,
    code: CODES[status] ?? (ownCode === 'invalid' ? null : ownCode),
  };
  const retry = status === 402 ? { 'x-should-retry': 'false' } : {};
  return { status, body: { error }, headers: { ...headers, ...retry } };
}
