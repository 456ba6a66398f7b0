import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { itAtFullEffort } from '../support/full-effort.js';
import { expectProblem, rowCounts } from '../support/refusals.js';
import { sendBytes, sendInTurn } from '../support/wire.js';

const ROUTES = [
  ['/api/register/', { username: 'grace', password: PASSWORD }],
  ['/api/login/', { username: 'user1', password: PASSWORD }],
  ['/api/chat/', { message: 'hi' }],
] as const;

const IN_CHUNKS = '2\r\n{}\r\n0\r\n\r\n';

describe('malformed and slow HTTP requests', () => {
  let app: TestApp;
  let ada: Caller;
  let before: number[];

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { RATE_LIMITS: 'off', REQUEST_TIMEOUT_SECONDS: '3' });
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
  });

  describe.each(ROUTES)('to POST %s', (path, good) => {
    const head = (more: string) =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${ada.token}\r\n` +
      `Content-Type: application/json\r\n${more}\r\n`;

    it('is reported: two Host headers', async () => {
      const body = JSON.stringify(good);
      const answer = await sendBytes(
        app.url,
        head(`Host: y\r\nConnection: close\r\nContent-Length: ${String(body.length)}\r\n`) + body,
      );
      expectProblem(answer, 400, 'bad_request');
    });

    it('is reported: headers of 16 KB', async () => {
      const answer = await sendBytes(app.url, head(`X-Padding: ${'x'.repeat(16_384)}\r\n`));
      expectProblem(answer, 431, 'headers_too_large');
    });

    it.each([
      ['an invalid length', 'Content-Length: ten\r\n', '{}'],
      ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}'],
      ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '{}'],
      ['compressed chunks', 'Transfer-Encoding: gzip, chunked\r\n', IN_CHUNKS],
      [
        'compressed chunks in two headers',
        'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n',
        IN_CHUNKS,
      ],
      ['a list that begins with nothing', 'Transfer-Encoding: , chunked\r\n', IN_CHUNKS],
      ['an empty Transfer-Encoding', 'Content-Length: 2\r\nTransfer-Encoding:\r\n', '{}'],
      ['a chunk that is none', 'Transfer-Encoding: chunked\r\n', 'zz\r\n'],
      ['a header with a NUL', 'X-Header: a\0b\r\n', ''],
      ['a header without a name', ': b\r\n', ''],
    ])('is reported: %s', async (_, more, body) => {
      expectProblem(await sendBytes(app.url, head(more) + body), 400, 'bad_request');
    });

    it('is reported: chunks in HTTP/1.0', async () => {
      const bytes = head('Transfer-Encoding: chunked\r\n').replace('HTTP/1.1', 'HTTP/1.0');
      expectProblem(await sendBytes(app.url, bytes + IN_CHUNKS), 400, 'bad_request');
    });

    it('is dropped if the connection breaks in the middle of the body', async () => {
      const whole = JSON.stringify(good);
      const bytes = head(`Content-Length: ${String(whole.length)}\r\n`) + whole.slice(0, -1);
      expect(await sendBytes(app.url, bytes, { hangUp: true })).toBeUndefined();
    });

    // The time limit is the same for all routes and takes seconds, so a light run tries it on one route.
    const waiting = path === '/api/chat/' ? it : itAtFullEffort;
    waiting('is reported: a body that does not come', async () => {
      const answer = await sendBytes(app.url, head('Content-Length: 100\r\n') + '{"message": ');
      expectProblem(answer, 408, 'request_timeout');
    });
  });

  it('is answered after a refused upload with an Upgrade header on the same connection', async () => {
    const body = 'x'.repeat(120_000);
    const upload =
      'POST /api/wallet/redeem/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n' +
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n' +
      `Content-Type: application/json\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
    const next = 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    for (let n = 0; n < 10; n += 1) {
      const answers = await sendInTurn(app.url, [upload, next]);
      expect(answers.map((answer) => answer.split(' ')[1])).toEqual(['401', '200']);
    }
  });

  it('is not read behind one whose end is unclear, also on a path that cannot be decoded', async () => {
    const bytes =
      'POST /api/%zz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n' + IN_CHUNKS;
    const next = 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const answers = await sendInTurn(app.url, [bytes, next]);
    expect(answers.map((answer) => answer.split(' ')[1])).toEqual(['404']);
  });

  it.each(['http://x', 'HTTP://x:80', 'https://other.example'])(
    'is no path in the request line, but a whole URL: %s',
    async (origin) => {
      const answer = await sendBytes(
        app.url,
        `GET ${origin}/api/token-balance/?a=b HTTP/1.1\r\nHost: x\r\n` +
          `Authorization: Token ${ada.token}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer?.status).toBe(200);
      expect(answer?.body).toBe('{"tokens":4000}');
    },
  );

  it('is answered in the usual shape if it expects what nobody knows', async () => {
    const bytes = `GET /api/token-balance/ HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nConnection: close\r\n\r\n`;
    expectProblem(await sendBytes(app.url, bytes), 401, 'not_authenticated');
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['another protocol', 'GET /api/token-balance/ HTP/1.1\r\nHost: x\r\n\r\n'],
    ['an unknown method', 'FETCH /api/token-balance/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a space in the path', 'GET /api/token balance/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a TLS greeting', Buffer.from('1603010200010001fc0303', 'hex')],
    ['no host', 'GET /api/token-balance/ HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ])('is reported in the request line: %s', async (_, bytes) => {
    expectProblem(await sendBytes(app.url, bytes), 400, 'bad_request');
  });
});
