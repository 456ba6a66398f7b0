import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXPOSED_HEADERS } from '../../src/http/cross-origin.js';
import { TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { operationsOf, responseOf } from '../support/document.js';
import { sendBytes } from '../support/wire.js';

const PAGE = 'https://chat.example.org';
const FOREIGN_ORIGIN = 'https://elsewhere.example';
const PATHS = ['/api/chat/', '/v1/chat/completions', '/api/login/', '/nowhere'];

const start = (origins: string) => TestApp.start('sqlite', { CORS_ORIGINS: origins });

const preflight = (app: TestApp, path: string, origin: string, names = 'authorization') =>
  app.send({
    method: 'OPTIONS',
    path,
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      ...(names !== '' && { 'Access-Control-Request-Headers': names }),
    },
  });

const accessHeaders = ({ headers }: Answer) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('pages of other origins', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start(`http://localhost:5173, ${PAGE}`);
  });
  afterAll(() => app.close());

  it.each(PATHS)('get a preflight for %s answered without credentials', async (path) => {
    const { status, raw, headers } = await preflight(app, path, PAGE);
    expect([status, raw]).toEqual([204, '']);
    expect(headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Headers',
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('get no preflight answered whose end is unclear', async () => {
    const answer = await sendBytes(
      app.url,
      `OPTIONS /api/chat/ HTTP/1.1\r\nHost: x\r\nOrigin: ${PAGE}\r\nAccess-Control-Request-Method: POST\r\n` +
        'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    );
    expect([answer?.status, answer?.headers['connection']]).toEqual([400, 'close']);
  });

  it('may send the headers that they request, at most 50 of 64 characters', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `x-stainless-${String(n)}`);
    const asked = ['x'.repeat(65), 'bad name', ...names, 'x'.repeat(64)].join(', ');
    const { headers } = await preflight(app, '/v1/chat/completions', PAGE, asked);
    expect(headers['access-control-allow-headers']).toBe(names.slice(0, 50).join(', '));
    const longest = await preflight(app, '/api/chat/', PAGE, 'x'.repeat(64));
    expect(longest.headers['access-control-allow-headers']).toBe('x'.repeat(64));
    const none = await preflight(app, '/api/chat/', PAGE, '');
    expect([none.status, none.headers['access-control-allow-headers']]).toEqual([204, undefined]);
  });

  it('can read answers, refusals, streams and the needed headers', async () => {
    const ada = await app.newUser();
    const answers = [
      await ada.send('POST', '/api/chat/', { message: 'hi' }, { Origin: PAGE }),
      await ada.send('POST', '/api/chat/', { message: 'hi', stream: true }, { Origin: PAGE }),
      await ada.send('POST', '/api/chat/', {}, { Origin: PAGE }),
      await app.send({ path: '/api/token-balance/', headers: { Origin: PAGE } }),
      await app.send({ path: '/nowhere', headers: { Origin: PAGE } }),
      await app.send({ path: '/%zz', headers: { Origin: PAGE } }),
      await app.send({ method: 'PUT', path: '/api/login/', headers: { Origin: PAGE } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 401, 404, 404, 405]);
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe(PAGE);
      expect(headers['access-control-expose-headers']).toBe(EXPOSED_HEADERS.join(', '));
      expect(headers['vary']).toContain('Origin');
    }
    expect(await ada.balance()).toBe(3800);
  });

  it('can read every documented header', async () => {
    const document = (await app.send({ path: '/api/schema/' })).body as OpenAPIObject;
    const documented = operationsOf(document).flatMap((operation) =>
      Object.keys(operation.responses).flatMap((status) =>
        Object.keys(responseOf(document, operation, status)?.headers ?? {}),
      ),
    );
    const exposed = EXPOSED_HEADERS.map((name) => name.toLowerCase());
    const hidden = [...new Set(documented)].filter((name) => !exposed.includes(name.toLowerCase()));
    expect(documented).toContain('Tokens-Charged');
    expect(hidden).toEqual([]);
  });

  it('get no CORS headers if their origin is not listed', async () => {
    const asked = await preflight(app, '/api/chat/', FOREIGN_ORIGIN);
    expect([asked.status, accessHeaders(asked)]).toEqual([401, []]);
    for (const origin of [FOREIGN_ORIGIN, 'null', `${PAGE}.elsewhere.example`]) {
      const read = await app.send({ path: '/health/live', headers: { Origin: origin } });
      expect([read.status, accessHeaders(read), read.headers['vary']]).toEqual([
        200,
        [],
        'Origin, Accept',
      ]);
    }
  });

  it('do not change the answer to OPTIONS for other clients', async () => {
    const { status, body } = await app.send({
      method: 'OPTIONS',
      path: '/api/login/',
      headers: { Origin: PAGE },
    });
    expect([status, Object.keys(body as object)]).toEqual([200, ['renders', 'parses']]);
  });
});

describe('CORS_ORIGINS', () => {
  it('allows pages of any origin with *', async () => {
    const app = await start('*');
    const { status, headers } = await preflight(app, '/api/chat/', FOREIGN_ORIGIN);
    expect([status, headers['access-control-allow-origin']]).toEqual([204, '*']);
    expect(headers['vary']).toBe('Access-Control-Request-Headers');
    await app.close();
  });

  it('allows no other origin by default', async () => {
    const app = await start('');
    for (const path of PATHS.slice(0, 2)) {
      const answer = await preflight(app, path, PAGE);
      expect([answer.status, accessHeaders(answer)]).toEqual([401, []]);
    }
    await app.close();
  });
});
