import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';

const NULL = 'This field may not be null.';
const tooLong = (max: number) => `Ensure this field has no more than ${String(max)} characters.`;
const surrogate = (code: string) => `Surrogate characters are not allowed: ${code}.`;

/** These cases follow from the README of the reference, from Django 3.2 and from DRF 3.14. */
describe('rules of the reference that have no recording', () => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { RATE_LIMITS: 'off' });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ada = await app.newUser();
  });

  const token = () => ({ Authorization: `Token ${ada.token}` });
  const json = { 'Content-Type': 'application/json' };
  const post = (path: string, body: string) =>
    app.send({ method: 'POST', path, headers: { ...token(), ...json }, body });
  const detail = ({ status, body }: Answer): unknown[] => [status, body.detail];
  const expectUntouched = async () => {
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
  };

  describe.each([
    'PUT',
    'PATCH',
    'DELETE',
    'TRACE',
    'PROPFIND',
    'MKCOL',
    'LOCK',
    'PURGE',
    'SEARCH',
  ])('%s', (method) => {
    it.each([
      ['/api/register/', 'POST, OPTIONS'],
      ['/api/login', 'POST, OPTIONS'],
      ['/api/chat/', 'GET, POST, HEAD, OPTIONS'],
      ['/api/token-balance/?x=1', 'GET, HEAD, OPTIONS'],
      ['/api/token/', 'POST, OPTIONS'],
    ])('is 405 with Allow for %s, whatever the body', async (path, allow) => {
      const answer = await app.send({
        method,
        path,
        headers: { ...token(), 'Content-Type': 'text/plain' },
        body: method === 'TRACE' ? '' : '{',
      });
      expect(detail(answer)).toEqual([405, `Method "${method}" not allowed.`]);
      expect(answer.headers.allow).toBe(allow);
      await expectUntouched();
    });

    it('is 401 for a protected path without credentials, and 404 for an unknown path', async () => {
      const closed = await app.send({ method, path: '/api/token-balance/' });
      expect(detail(closed)).toEqual([401, 'Authentication credentials were not provided.']);
      expect(closed.headers.allow).toBe('GET, HEAD, OPTIONS');
      const missing = await app.send({ method, path: '/api/nope/' });
      expect(detail(missing)).toEqual([404, 'Not found.']);
    });
  });

  it.each([
    ['GET', '/api/token-balance/?format=xml', 'application/xml', 404],
    ['GET', '/api/token-balance/', 'application/xml', 406],
    ['GET', '/api/token-balance/', '*/*', 401],
    ['POST', '/api/token-balance/', '*/*', 401],
    ['POST', '/api/login/?format=api', '*/*', 404],
    ['GET', '/api/login/', 'text/html', 406],
    ['GET', '/api/login/', 'text/html, */*', 405],
    ['OPTIONS', '/api/chat/', '*/*', 401],
    ['OPTIONS', '/api/chat/', 'image/png', 406],
  ])('%s %s with Accept %s and without credentials is %i', async (...row) => {
    const [method, path, accept, status] = row;
    const answer = await app.send({ method, path, headers: { Accept: accept } });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it.each(['application/json; indent=4', '*/*; indent=4'])(
    'Accept %s is indented, an error too',
    async (accept) => {
      const balance = await ada.get('/api/token-balance/', { Accept: accept });
      expect(balance.raw).toBe('{\n    "tokens": 4000\n}');
      expect(balance.headers['content-type']).toBe('application/json');
      const refused = await ada.send('POST', '/api/chat/', { message: '' }, { Accept: accept });
      expect(refused.raw).toBe(
        '{\n    "message": [\n        "This field may not be blank."\n    ]\n}',
      );
    },
  );

  it.each([
    ['null', 'No data provided'],
    ['[]', 'Invalid data. Expected a dictionary, but got list.'],
    ['""', 'Invalid data. Expected a dictionary, but got str.'],
    ['5', 'Invalid data. Expected a dictionary, but got int.'],
    ['5.0', 'Invalid data. Expected a dictionary, but got float.'],
    ['1e2', 'Invalid data. Expected a dictionary, but got float.'],
    ['false', 'Invalid data. Expected a dictionary, but got bool.'],
  ])('refuses the body %s, which is not an object', async (body, sentence) => {
    for (const path of ['/api/register/', '/api/login/', '/api/chat/', '/api/token/']) {
      const answer = await post(path, body);
      expect([answer.status, answer.body]).toEqual([400, { non_field_errors: [sentence] }]);
    }
    await expectUntouched();
  });

  it.each([
    ['42', '42'],
    ['-0', '0'],
    ['12345678901234567890', '12345678901234567890'],
    ['"\\u0085\\u001c x \\u3000"', 'x'],
    ['"\\ufeff x"', '\ufeff x'],
    ['"\\ud83d\\ude00\\u007f"', '😀\x7f'],
  ])('the message %s is %j', async (message, text) => {
    const answer = await post('/api/chat/', `{"message": ${message}}`);
    expect([answer.status, answer.body.message]).toEqual([200, text]);
    expect((await ada.history())[0]?.message).toBe(text);
  });

  it.each([
    ['true', 'Not a valid string.'],
    ['{"a": 1}', 'Not a valid string.'],
    ['null', 'This field may not be null.'],
    ['"\\u0085\\u001f"', 'This field may not be blank.'],
    ['"a\\u0000"', 'Null characters are not allowed.'],
    ['"\\ud800\\udbff"', 'Surrogate characters are not allowed: U+D800.'],
  ])('the message %s is refused', async (message, sentence) => {
    const answer = await post('/api/chat/', `{"message": ${message}}`);
    expect([answer.status, answer.body]).toEqual([400, { message: [sentence] }]);
    await expectUntouched();
  });

  const NAME =
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';
  it.each([
    [{ username: 'a b'.repeat(51) }, { username: [NAME, tooLong(150)] }],
    [{ username: '\u{10428}'.repeat(151) }, { username: [tooLong(150)] }],
    [{ username: '\ufb03'.repeat(51) }, { username: [tooLong(150)] }],
    [{ username: 'e\u0301' }, { username: [NAME] }],
    [{ username: 'a\0' }, { username: [NAME, 'Null characters are not allowed.'] }],
    [{ username: '\ud800' }, { username: [NAME, surrogate('U+D800')] }],
    [{ password: 'Str0ng-pass\udfff' }, { password: [surrogate('U+DFFF')] }],
    [{ email: true }, { email: ['Enter a valid email address.'] }],
    [{ email: `${'a'.repeat(320)}@b` }, { email: [tooLong(254), 'Enter a valid email address.'] }],
    [
      { email: null, password: [] },
      { password: ['Not a valid string.'], email: [NULL] },
    ],
  ])('registering with %j is refused', async (fields, errors) => {
    const count = await app.database.count('users');
    const body = { username: 'grace', password: PASSWORD, ...fields };
    const answer = await app.post('/api/register/', body);
    expect([answer.status, answer.raw]).toEqual([400, JSON.stringify(errors)]);
    expect(await app.database.count('users')).toBe(count);
  });

  it.each([
    ['unknown to the service', 'json', 415],
    ['of a text', 'text/plain', 415],
    ['none', undefined, 415],
  ])('a Content-Type that is %s: credentials come first', async (_, type, status) => {
    const headers = type === undefined ? {} : { 'Content-Type': type };
    const chat = (more: object, body: string) =>
      app.send({ method: 'POST', path: '/api/chat/', headers: { ...headers, ...more }, body });
    expect((await chat({}, '{}')).status).toBe(401);
    const words = `Unsupported media type "${type ?? ''}" in request.`;
    expect(detail(await chat(token(), '{}'))).toEqual([status, words]);
    expect((await chat(token(), '')).body).toEqual({ message: ['This field is required.'] });
    await expectUntouched();
  });
});
