import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { expectFault, expectProblem, rowCounts } from '../support/refusals.js';

const BODY_MAX_BYTES = 131_072;
const MESSAGE_MAX_CHARS = 1000;
/** The routes of the reference that accept a body: a valid body, and the maximum length of each field. */
const ROUTES = [
  {
    path: '/api/register/',
    allow: 'POST, OPTIONS',
    good: { username: 'grace', password: PASSWORD, email: 'grace@example.com' },
    required: ['username', 'password'],
    limits: { username: 150, password: 128, email: 254 },
  },
  {
    path: '/api/login/',
    allow: 'POST, OPTIONS',
    good: { username: 'user1', password: PASSWORD },
    required: ['username', 'password'],
    limits: {},
  },
  {
    path: '/api/chat/',
    allow: 'GET, POST, HEAD, OPTIONS',
    good: { message: 'hi' },
    required: ['message'],
    limits: { message: MESSAGE_MAX_CHARS },
  },
];

describe('bad input', () => {
  let app: TestApp;
  let ada: Caller;
  let before: number[];

  beforeAll(async () => {
    app = await TestApp.start('sqlite', {
      RATE_LIMITS: 'off',
      BODY_MAX_BYTES: String(BODY_MAX_BYTES),
      MESSAGE_MAX_CHARS: String(MESSAGE_MAX_CHARS),
    });
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  beforeEach(async () => {
    before = await rowCounts(app);
  });
  /** After each case: nothing was written or charged, and the service still answers. */
  afterEach(async () => {
    expect(await rowCounts(app)).toEqual(before);
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  const credentials = () => ({ Authorization: `Token ${ada.token}` });
  const post = (path: string, body: string | Buffer, type = 'application/json') =>
    app.send({ method: 'POST', path, headers: { ...credentials(), 'Content-Type': type }, body });

  describe.each(ROUTES)('to POST $path', ({ path, allow, good, required }) => {
    const fields = Object.keys(good);
    const withField = (field: string, value: unknown) =>
      post(path, JSON.stringify({ ...good, [field]: value }));

    it.each(fields.flatMap((field) => [[], {}, true, 1.5].map((value) => [field, value] as const)))(
      'is reported at its field: %s of another type, %j',
      async (field, value) => {
        expectFault(
          await withField(field, value),
          field,
          /^Not a valid string|^Enter a valid email/,
        );
      },
    );

    it.each(required)('is reported at its field: %s missing, null, blank', async (field) => {
      expectFault(await withField(field, undefined), field, /^This field is required\.$/);
      expectFault(await withField(field, null), field, /^This field may not be null\.$/);
      expectFault(await withField(field, ''), field, /^This field may not be blank\.$/);
    });

    it.each(fields)('is reported at its field: %s with NUL or a lone surrogate', async (field) => {
      expectFault(await withField(field, 'a\0b'), field, /^Null characters are not allowed\.$/);
      expectFault(await withField(field, 'a\ud800'), field, /^Surrogate .* U\+D800\.$/);
    });

    it('is 413 if it exceeds the body limit', async () => {
      const body = JSON.stringify({ ...good, padding: 'x'.repeat(BODY_MAX_BYTES) });
      expectProblem(await post(path, body), 413, 'payload_too_large');
      const chunked = { ...credentials(), 'Transfer-Encoding': 'chunked' };
      const answer = await app.send({ method: 'POST', path, headers: chunked, body });
      expectProblem(answer, 413, 'payload_too_large');
    });

    it.each([
      ['cut off', '{"username": "grace", "message": "h'],
      ['of single quotes', "{'message': 'hi'}"],
      ['with a comma too many', '{"message": "hi",}'],
      ['two of them', '{} {}'],
      ['with a raw NUL', '{"message": "a\0b"}'],
      ['with the key __proto__', '{"message": "hi", "__proto__": {"isActive": true}}'],
      ['with an escaped __proto__', '{"message": "hi", "\\u005f_proto__": 1}'],
      ['100,000 deep', `{"message": ${'['.repeat(100_000 / 2)}${']'.repeat(100_000 / 2)}}`],
      ['in another charset', Buffer.from('{"message": "\xfc"}', 'latin1')],
    ])('is reported as a whole: JSON %s', async (_, body) => {
      expectProblem(await post(path, body), 400, 'parse_error');
    });

    it.each(['text/plain', 'application/xml', 'multipart/mixed; boundary=x', 'json', ''])(
      'is reported as a whole: the media type %j',
      async (type) => {
        expectProblem(await post(path, JSON.stringify(good), type), 415, 'unsupported_media_type');
      },
    );

    it.each([
      ['of no boundary', 'multipart/form-data', '--x--'],
      ['that is cut off', 'multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-da'],
      ['that is JSON', 'multipart/form-data; boundary=x', JSON.stringify(good)],
    ])('is reported as a whole: a multipart form %s', async (_, type, body) => {
      expectProblem(await post(path, body, type), 400, 'parse_error');
    });

    it('is reported as a whole: a compressed body', async () => {
      const packed = {
        ...credentials(),
        'Content-Type': 'application/json',
        'Content-Encoding': 'gzip',
      };
      const body = gzipSync(JSON.stringify(good));
      const answer = await app.send({ method: 'POST', path, headers: packed, body });
      expectProblem(answer, 415, 'unsupported_content_encoding');
      expect(answer.body.detail).toContain('"gzip"');
    });

    it('is reported as a whole: a form with too many fields', async () => {
      const answer = await post(path, 'a&'.repeat(1000), 'application/x-www-form-urlencoded');
      expectProblem(answer, 400, 'bad_request');
    });

    it.each(['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])('is reported: %s', async (method) => {
      const answer = await app.send({ method, path, headers: credentials() });
      expectProblem(answer, 405, 'method_not_allowed');
      expect(answer.headers.allow).toBe(allow);
    });

    it('is reported: two Authorization headers', async () => {
      const headers = {
        Authorization: [`Token ${ada.token}`, `Token ${ada.token}`],
        'Content-Type': 'application/json',
      };
      const answer = await app.send({ method: 'POST', path, headers, body: JSON.stringify(good) });
      expectProblem(answer, 400, 'bad_request');
    });
  });

  const limits = ROUTES.flatMap(({ path, good, limits: most }) =>
    Object.entries(most).map(([field, max]) => ({ path, good, field, max })),
  );
  it.each(limits)('is reported at its field on $path: $field past $max', async (limit) => {
    const { path, good, field, max } = limit;
    const sentence = new RegExp(`^Ensure this field has no more than ${String(max)} characters`);
    for (const length of [max + 1, 65_536]) {
      const body = JSON.stringify({ ...good, [field]: 'a'.repeat(length) });
      expectFault(await post(path, body), field, sentence);
    }
  });

  it('is an ordinary refusal for a login with a name and a password of 64 KB', async () => {
    const [username, password] = ['a'.repeat(65_536 / 2), 'b'.repeat(65_536 / 2)];
    expectFault(
      await post('/api/login/', JSON.stringify({ username, password })),
      'non_field_errors',
    );
  });

  it.each(['POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND'])(
    'is 405 with Allow for %s /api/token-balance/',
    async (method) => {
      const answer = await app.send({
        method,
        path: '/api/token-balance/',
        headers: credentials(),
      });
      expectProblem(answer, 405, 'method_not_allowed');
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
    },
  );

  it('is reported in a header of GET /api/token-balance/', async () => {
    const twice = { Authorization: [`Token ${ada.token}`, 'Token x'] };
    const answer = await app.send({ path: '/api/token-balance/', headers: twice });
    expectProblem(answer, 400, 'bad_request');
  });

  it.each(['/api/%zz/', '/api/%E0%A4%A/', `/api/docs/${'x'.repeat(300)}`, '/api/chat//'])(
    'is 404 in the path: %s',
    async (path) => {
      expectProblem(await app.send({ path, headers: credentials() }), 404, 'not_found');
    },
  );
});
