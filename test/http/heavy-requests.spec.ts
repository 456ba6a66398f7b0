import { request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RouteTable } from '../../src/http/route-table.js';
import { TestApp } from '../support/app.js';
import { BLOCKED_MAX_MS, leastBlockedMs } from '../support/blocking.js';
import type { Caller } from '../support/client.js';

const MEBIBYTE = 2 ** 20;
/** A route may be slow for another reason than the request, so the best of many tries counts. */
const TRIES = 5;

/** How much slower this machine is now than ours when it is idle, by work that takes 10 ms there; 1 at least. */
const measureMachineDelay = (): number => {
  const startedAt = performance.now();
  for (let n = 0; n < 3; n += 1) JSON.parse(NUMBERS);
  return Math.max(1, (performance.now() - startedAt) / WORK_MS);
};

/** Fields of all routes: each body has its text in every one of them. */
const FIELDS =
  'message username password email title system model code reason name refresh token conversation new_password current_password'.split(
    ' ',
  );
const filled = (text: string) => ({
  ...Object.fromEntries(FIELDS.map((name) => [name, text])),
  messages: [{ role: 'user', content: text }],
});
/** Text in every field, as much as fits a mebibyte. */
const texts = (unit: string) => {
  const room = Math.floor(MEBIBYTE / (FIELDS.length + 2) / Buffer.byteLength(unit));
  return JSON.stringify(filled(unit.repeat(room)));
};
/** Marks that are in the wrong order: to sort them takes the square of their number. */
const MARKS = (count: number) => `a${'\u0315'.repeat(count)}${'\u0316'.repeat(count)}`;
const repeated = (unit: string) => unit.repeat(Math.floor(MEBIBYTE / unit.length));
const list = (item: string, count: number) => `[${Array<string>(count).fill(item).join(',')}]`;
const NUMBERS = list('0', 100_000);
const WORK_MS = 10;
const keys = (count: number) =>
  `{${Array.from({ length: count }, (_, n) => `"key${String(n)}":${String(n)}`).join(',')}}`;

/** A hundred thousand characters of short words, at each door that answers word by word. */
const words = () => {
  const text = 'a '.repeat(49_999);
  const messages = [{ id: 'm', role: 'user', content: text, parts: [{ type: 'text', text }] }];
  return JSON.stringify({ message: text, messages, input: text, model: 'echo', stream: true });
};

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=b';
const BODIES: readonly (readonly [what: string, body: string, type?: string])[] = [
  ['80,000 keys', keys(75_000)],
  ['20,000 keys', keys(20_000)],
  ['half a million numbers', list('0', 500_000)],
  ['10,000 messages', `{"messages":${list('{"role":"user","content":"x"}', 9_900)}}`],
  ['20,000 messages that are none', `{"model":"echo","messages":${list('[]', 19_000)}}`],
  ['20,000 tools', `{"messages":[],"model":"echo","tools":${list('{}', 19_000)}}`],
  ['words that are streamed', words()],
  ['brackets', repeated('[')],
  ['digits', `{${FIELDS.map((name) => `"${name}":${'9'.repeat(4000)}`).join(',')}}`],
  ['a fraction of a megabyte', `{"amount":0.${'1'.repeat(MEBIBYTE - 20)}}`],
  ['white space', texts(' ')],
  ['white space within', `{"message":"a${' '.repeat(MEBIBYTE - 20)}b"}`],
  ['marks', JSON.stringify(filled(MARKS(14_000)))],
  [
    'marks in a name',
    JSON.stringify({ username: MARKS(15_000), password: MARKS(15_000), email: 'a@b.c' }),
  ],
  ['marks in a message', JSON.stringify({ message: MARKS(49_000) })],
  ['at signs', texts('@')],
  ['dots', texts('a.')],
  ['letters that grow', texts('\ufdfa')],
  ['escaped halves of characters', `{"message":"${'\\ud800'.repeat(170_000)}"}`],
  ['escapes', `{"message":"${'\\u0041'.repeat(170_000)}"}`],
  ['a form of escapes', `message=${repeated('a%41').slice(8)}`, FORM],
  ['a form of broken escapes', `message=${repeated('%c3a').slice(8)}`, FORM],
  ['escapes without a charset', `message=${repeated('%c3a').slice(8)}`, `${FORM}; charset=nope`],
  [
    'escapes in another charset',
    `message=${repeated('%83a').slice(8)}`,
    `${FORM}; charset=shift_jis`,
  ],
  ['lists within lists', `{"a":${list('['.repeat(490) + ']'.repeat(490), 999)},"amount":1}`],
  ['a form of ampersands', repeated('&'), FORM],
  ['a form of equals signs', repeated('='), FORM],
  ['a form of empty parts', repeated('--b\r\n\r\n\r\n'), MULTIPART],
  [
    'a form of many parts',
    repeated('--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n'),
    MULTIPART,
  ],
];

describe('a request of a megabyte', () => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', { OPENING_GRANT: '1000000', HASH_QUEUE_MAX: '1000' });
    ada = await app.newUser();
    await app.database.rows('UPDATE users SET is_staff = true WHERE id IS NOT NULL');
  });
  afterAll(() => app.close());

  /** Sends a request and discards the answer. To check it would take time of the event loop, which the service shares. */
  const send = (method: string, path: string, body: Buffer, type: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = {
        Authorization: `Token ${ada.token}`,
        'Content-Type': type,
        'Content-Length': body.length,
      };
      const outgoing = request(app.url + path, { method, headers }, (incoming) => {
        incoming.resume().on('end', () => {
          resolve(incoming.statusCode ?? 0);
        });
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // Refused before it was read.
        if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(413);
        else reject(error);
      });
      outgoing.end(body);
    });

  const measureBlocking = async (
    ask: () => Promise<number>,
  ): Promise<[ms: number, status: number]> => {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const status = await ask();
    delay.disable();
    return [delay.max / 1e6, status];
  };

  it.each(BODIES)(
    'blocks no other request for a quarter of a second, on any route: %s',
    async (_, text, type = 'application/json') => {
      const body = Buffer.from(text);
      const slow: string[] = [];
      const routes = app.nest.get(RouteTable).all();
      for (const { method, path } of routes) {
        if (!['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)) continue;
        const where = path.replaceAll(/:\w+/g, '00000000-0000-7000-8000-000000000000');
        if (where === '/api/logout') continue;
        const least = await leastBlockedMs(async () => {
          const before = measureMachineDelay();
          const [ms, status] = await measureBlocking(() => send(method, where, body, type));
          expect([method, where, status]).not.toEqual([method, where, 500]);
          return ms / Math.max(before, measureMachineDelay());
        }, TRIES);
        if (least >= BLOCKED_MAX_MS)
          slow.push(`${method} ${path}: ${String(Math.round(least))} ms`);
      }
      expect(slow).toEqual([]);
    },
  );

  it.each(['/api/register/', '/api/login/', '/api/token/', '/api/password/reset/'])(
    'is not read by %s, which accepts 128 KiB',
    async (path) => {
      const of = (length: number) =>
        app.post(path, { username: 'nobody', password: 'x'.repeat(length) });
      expect((await of(100_000)).status).toBe(
        path.includes('token') ? 401 : path.includes('reset') ? 202 : 400,
      );
      const { status, body } = await of(131_072);
      expect([status, body.code]).toEqual([413, 'payload_too_large']);
      expect(await app.database.count('users')).toBe(1);
    },
  );

  it('is refused for too many values, and costs nothing', async () => {
    const before = await ada.balance();
    for (const [path, code] of [
      ['/api/chat/', 'parse_error'],
      ['/v1/chat/completions', undefined],
    ] as const) {
      const { status, body } = await app.send({
        method: 'POST',
        path,
        headers: { Authorization: `Token ${ada.token}`, 'Content-Type': 'application/json' },
        body: `{"message": "hi", "model": "echo", "messages": ${list('0', 20_001)}}`,
      });
      expect([path, status, body.code]).toEqual([path, 400, code]);
    }
    expect(await ada.balance()).toBe(before);
    const commas = await ada.chat(','.repeat(99_000));
    expect(commas.status).toBe(200);
  });
});
