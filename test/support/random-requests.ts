import fc from 'fast-check';
import type { ServedRoute } from '../../src/http/route-table.js';
import { PASSWORD } from './app.js';
import type { Ask } from './client.js';

/** Every name of a body field in the API, and some names that are harmful elsewhere. */
const FIELDS = [
  'username password email message conversation model stream refresh token title system daily code',
  'amount reason active messages role content max_tokens max_completion_tokens temperature tools n',
  'stream_options include_usage user name scopes spend_limit expires_at current_password is_staff id',
  '__proto__ constructor prototype toString then length',
].flatMap((names) => names.split(' '));

/** Values that break code written for plain text and small numbers. */
const EDGES: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  '\u0085',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\u{1f600}',
  '\ufeff',
  '\u2028',
  'ada',
  'x'.repeat(300),
  PASSWORD,
  'echo',
  'a.b.c',
  'ada@example.com',
  '2025-02-30',
  '00000000-0000-7000-8000-000000000000',
  0,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [{ role: 'user', content: 'hi' }],
  [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  { include_usage: true },
];

const oddText = fc.string({ unit: 'binary', maxLength: 40 });
/** Any UTF-16 text, even with single surrogates. */
const brokenText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));
const value = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.jsonValue({ maxDepth: 4 }),
  oddText,
  brokenText,
);

/** Valid fields for every route. Each route uses its own and ignores the rest. */
const VALID_FIELDS = {
  username: 'ada',
  password: PASSWORD,
  email: 'ada@example.com',
  message: 'hi',
  messages: [{ role: 'user', content: 'hi' }],
  model: 'echo',
  title: 'a talk',
  daily: 1_000_000,
  code: 'a code',
  amount: 1,
  reason: 'a gift',
  active: true,
  refresh: 'a.b.c',
  token: 'a.b.c',
};

const toJson = (fields: Readonly<Record<string, unknown>>, strange: readonly [string, unknown][]) =>
  `{${[...Object.entries(fields), ...strange]
    .map(([name, field]) => `${JSON.stringify(name)}:${JSON.stringify(field)}`)
    .join(',')}}`;
/** Valid bodies with some fields missing and some replaced. If two fields have the same name, the last one counts. */
const nearlyValid = fc
  .tuple(
    fc.subarray(Object.keys(VALID_FIELDS) as (keyof typeof VALID_FIELDS)[], { minLength: 8 }),
    fc.array(fc.tuple(fc.constantFrom(...FIELDS), value), { maxLength: 4 }),
    fc.string({
      unit: fc.constantFrom(...Array.from('abcdefghij0123456789')),
      minLength: 12,
      maxLength: 20,
    }),
  )
  .map(([kept, strange, username]) => {
    const fields = Object.fromEntries(kept.map((name) => [name, VALID_FIELDS[name]]));
    return toJson({ ...fields, ...('username' in fields && { username }) }, strange);
  });
const asForm = fc
  .array(fc.tuple(fc.constantFrom(...FIELDS), oddText), { maxLength: 8 })
  .map((pairs) => new URLSearchParams(pairs).toString());
const invalidNumbers = fc
  .tuple(
    fc.constantFrom(...FIELDS),
    fc.constantFrom('1e999', '-0', '9'.repeat(5000), '01', '1.', 'NaN'),
  )
  .map(([name, number]) => `{"${name}": ${number}}`);
/** Valid JSON, up to the maximum depth or deeper than a recursive parser has stack for. */
const deeplyNested = fc
  .record({
    name: fc.constantFrom(...FIELDS),
    brackets: fc.constantFrom(['[', ']'], ['{"a":', '}']),
    depth: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 60_000 })),
    core: fc.constantFrom('1', '"hi"', 'null'),
  })
  .map(({ name, brackets: [open = '', close = ''], depth, core }) => {
    const nested = open.repeat(depth) + core + close.repeat(depth);
    return `${toJson(VALID_FIELDS, []).slice(0, -1)},"${name}":${nested}}`;
  });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

const body = fc.oneof(
  { weight: 10, arbitrary: nearlyValid },
  { weight: 2, arbitrary: asForm },
  { weight: 2, arbitrary: fc.json({ maxDepth: 6 }) },
  { weight: 2, arbitrary: bytes },
  { weight: 1, arbitrary: oddText },
  { weight: 1, arbitrary: invalidNumbers },
  { weight: 1, arbitrary: deeplyNested },
);

/** Printable text, because HTTP clients send nothing else. Another spec sends other bytes. */
const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 60 }).map((text) => text.trim());
const contentType = fc.oneof(
  { weight: 20, arbitrary: fc.constant('application/json') },
  { weight: 3, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('utf-16', 'latin-1', 'ascii', 'shift_jis', 'x-user-defined', 'nobody', '"')
      .chain((charset) =>
        fc.constantFrom(
          `application/json; charset=${charset}`,
          `application/x-www-form-urlencoded; charset=${charset}`,
        ),
      ),
  },
  { weight: 2, arbitrary: fc.constantFrom('', 'text/plain', 'multipart/form-data', '*/*', ';') },
  { weight: 2, arbitrary: headerText },
);

/** Things of the caller that a path may name. */
export interface OwnedIds {
  readonly username: string;
  readonly conversation: string;
  readonly turn: string;
}

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';
const parameter = fc.oneof(
  oddText,
  fc.constantFrom('ada', UNKNOWN_ID),
  fc.constantFrom<keyof OwnedIds>('username', 'conversation', 'turn').map((own) => ({ own })),
);

const parts = fc.record({
  parameter,
  query: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.webQueryParameters()),
  body,
  contentType,
  key: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, headerText),
  accept: fc.oneof({ weight: 12, arbitrary: fc.constant('*/*') }, headerText),
});

/** A request to a route, without the caller. */
export interface RandomRequest {
  readonly route: ServedRoute;
  readonly parts: typeof parts extends fc.Arbitrary<infer Parts> ? Parts : never;
}

/** Returns requests to any of the routes, with any body, content type, query and path parameter. */
export function randomRequest(routes: readonly ServedRoute[]): fc.Arbitrary<RandomRequest> {
  return fc.record({ route: fc.constantFrom(...routes), parts });
}

/** Returns the request of the owner of these things, without credentials. */
export function askOf(
  {
    route,
    parts: { parameter: chosen, query, body: bytesToSend, key, accept, contentType: type },
  }: RandomRequest,
  ownedIds: OwnedIds,
): Ask & { readonly headers: Readonly<Record<string, string>> } {
  const named = typeof chosen === 'string' ? chosen.toWellFormed() : ownedIds[chosen.own];
  const path = route.path.replaceAll(/:\w+/g, encodeURIComponent(named));
  return {
    method: route.method,
    path: path + (query === '' ? '' : `?${query}`),
    headers: {
      'Content-Type': type,
      Accept: accept,
      ...(key !== '' && { 'Idempotency-Key': key }),
    },
    body: bytesToSend,
  };
}
