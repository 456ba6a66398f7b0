import type {
  HeaderObject,
  MediaTypeObject,
  ReferenceObject,
  ResponseObject,
  SchemaObject,
} from '@nestjs/swagger';
import { TokenNotValid, ValidationFailed, InsufficientBalance, type AppError } from '../errors.js';
import { toOpenAi } from '../http/openai-error.js';
import { ERROR_SCHEMAS } from './error-schemas.js';

/**
 * The description of an error in the document. A plain object, because it is stored in the metadata of a
 * decorator.
 */
export interface ErrorSample {
  readonly status: number;
  readonly code: string;
  readonly shape: keyof typeof ERROR_SCHEMAS;
  readonly body: object;
  readonly headers: readonly string[];
}

const text = (description: string, example: string): HeaderObject => ({
  description,
  required: true,
  schema: { type: 'string', examples: [example] },
});
const whole = (description: string, example: number): HeaderObject => ({
  description,
  required: true,
  schema: { type: 'integer', minimum: 0, examples: [example] },
});

/** The headers of errors and of rate limits. */
export const SHARED_HEADERS = {
  Allow: text('The methods of this path.', 'GET, HEAD, OPTIONS'),
  'WWW-Authenticate': text('The supported schemes.', 'Token, Bearer realm="api"'),
  'x-should-retry': text('Whether to retry the request. Always `false`.', 'false'),
  'Retry-After': whole('Seconds to wait before a retry.', 1),
  'Turn-Id': {
    ...text('The turn of the answer in progress.', '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10'),
    required: false,
  },
  'Tokens-Required': whole('The tokens that the request needs.', 100),
  'Tokens-Available': whole('The tokens that the wallet can spend.', 40),
  'Tokens-Limit': {
    ...text(
      'Present if a limit that the owner set was reached, and the wallet is not empty.',
      'daily',
    ),
    required: false,
  },
  'RateLimit-Policy': {
    ...text(
      'The limits of this route: `q` requests in any `w` seconds. Absent with `RATE_LIMITS=off`.',
      '"spend";q=120;w=60',
    ),
    required: false,
  },
  RateLimit: {
    ...text(
      'The state of these limits: `r` requests are left. After `t` seconds there are more.',
      '"spend";r=12;t=37',
    ),
    required: false,
  },
  'x-ratelimit-limit-requests': {
    ...whole('The quota, in the format for clients of OpenAI.', 120),
    required: false,
  },
  'x-ratelimit-remaining-requests': {
    ...whole('The requests that are left.', 12),
    required: false,
  },
  'x-ratelimit-reset-requests': {
    ...text('The time until more requests are allowed.', '37s'),
    required: false,
  },
} satisfies Record<string, HeaderObject>;

/** Returns the names of the headers with which a route reports its limits. */
export const limitHeaders = (isOpenAi: boolean) => [
  'RateLimit-Policy',
  'RateLimit',
  ...(isOpenAi
    ? ['limit', 'remaining', 'reset'].map((word) => `x-ratelimit-${word}-requests`)
    : []),
];

const MEANING: Readonly<Record<number, string>> = {
  400: 'A field of the request (`ValidationErrors`) or the whole request (`Problem`) is not valid.',
  401: 'The request has no valid credentials.',
  402: 'The wallet cannot pay, or a limit that its owner set is reached. Nothing was charged.',
  403: 'The caller is known, but may not do this.',
  404: 'No such object for this caller, or a `?format=` other than `json`.',
  405: 'The path does not have this method. `Allow` lists its methods.',
  406: '`Accept` names no format that the server can write. It can write JSON.',
  409: 'An earlier request that blocks this one is still running. Try again later.',
  413: 'The body is larger than the server accepts.',
  415: 'The body is neither JSON nor a form, or it is compressed.',
  422: 'This `Idempotency-Key` was already used with a different request.',
  429: 'Too many requests. Nothing was charged. Try again after `Retry-After` seconds.',
  431: 'The headers are larger than the server accepts.',
  500: 'An unexpected error. The log has the details under the request id.',
  502: 'The model did not answer. Nothing was charged.',
  503: 'Too many requests are waiting, or the process is stopping. Nothing was charged. Try again.',
  504: 'The model took too long. Nothing was charged.',
};

/** Returns the text that explains when an error of this status occurs. */
export const meaningOf = (status: number): string => MEANING[status] ?? '';

/** Returns a reference to a header of the table above. */
export function headerReference(name: string): ReferenceObject {
  sharedHeader(name);
  return { $ref: `#/components/headers/${name}` };
}

function sharedHeader(name: string): HeaderObject {
  const header = Object.entries(SHARED_HEADERS).find(([key]) => key === name)?.[1];
  if (!header) throw new Error(`no description of header ${name}`);
  return header;
}

function shapeOf(error: AppError): ErrorSample['shape'] {
  if (error instanceof ValidationFailed) return 'ValidationErrors';
  if (error instanceof InsufficientBalance) return 'InsufficientTokens';
  return error instanceof TokenNotValid ? 'CredentialRefused' : 'Problem';
}

/** Returns the description of an error for the document. */
export function sampleOf(error: AppError): ErrorSample {
  const { status, body, headers } = error.answer();
  const names = status === 405 ? ['Allow'] : Object.keys(headers);
  return { status, code: error.code, shape: shapeOf(error), body, headers: names };
}

/** Returns the same error in the format for OpenAI's clients. */
export function asOpenAi({ status, code, body, headers }: ErrorSample): ErrorSample {
  const answer = toOpenAi({ status, body, headers: {} }, code);
  return {
    status,
    code,
    shape: 'OpenAiError',
    body: answer.body,
    headers: [...headers, ...Object.keys(answer.headers)],
  };
}

/**
 * Returns a reference to the schema of a shape. If the shape has codes, it is narrowed to those that occur.
 */
function schemaOf(
  shape: ErrorSample['shape'],
  samples: readonly ErrorSample[],
): SchemaObject | ReferenceObject {
  const schema = { $ref: `#/components/schemas/${shape}` };
  const { properties = {} } = ERROR_SCHEMAS[shape] as SchemaObject;
  if (!('code' in properties)) return schema;
  const codes = samples.filter((sample) => sample.shape === shape).map((sample) => sample.code);
  return { ...schema, type: 'object', properties: { code: { enum: [...new Set(codes)] } } };
}

function contentOf(
  samples: readonly ErrorSample[],
  possible: readonly ErrorSample[],
): MediaTypeObject {
  const shapes = [...new Set(possible.map(({ shape }) => shape))];
  const schemas = shapes.map((shape) => schemaOf(shape, possible));
  const examples: NonNullable<MediaTypeObject['examples']> = {};
  for (const { code: name, body } of samples) {
    const again = Object.keys(examples).filter((key) => key.startsWith(name)).length;
    examples[again === 0 ? name : `${name}_${String(again + 1)}`] = { value: body };
  }
  return { schema: schemas.length === 1 ? (schemas[0] ?? {}) : { anyOf: schemas }, examples };
}

/**
 * Returns the answer that the document shows for these errors. `others` are errors that are also possible and
 * are described elsewhere: they are part of the schema, but not of the examples here.
 */
export function describeErrors(
  samples: readonly ErrorSample[],
  { others = [], description }: { others?: readonly ErrorSample[]; description?: string } = {},
): ResponseObject {
  const possible = [...samples, ...others];
  const names = new Set(possible.flatMap(({ headers }) => headers));
  const headerOf = (name: string) => {
    const isOnEach = possible.every(({ headers }) => headers.includes(name));
    return isOnEach ? headerReference(name) : { ...sharedHeader(name), required: false };
  };
  return {
    description: description ?? meaningOf(samples[0]?.status ?? 0),
    headers: Object.fromEntries([...names].map((name) => [name, headerOf(name)])),
    content: { 'application/json': contentOf(samples, possible) },
  };
}
