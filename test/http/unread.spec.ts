import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RequestGate } from '../../src/http/request-gate.js';
import { UnreadAnswers } from '../../src/http/unread-answers.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { HalfSentRequest } from '../support/half-sent-request.js';
import { itAtFullEffort, itLightOnSqlite, sample } from '../support/full-effort.js';
import { itemsOf, walk } from '../support/pages.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { QueryProbe } from '../support/query-probe.js';
import { until } from '../support/until.js';

const PAGE = '/api/chat/?page_size=100';
/** A turn contains it twice, so five turns are a page of 1 MiB. */
const MESSAGE = 'm'.repeat(100_000);
const TURNS = 12;
const PER_CALLER = 6;
const MEBIBYTE = 2 ** 20;
/** More pages than the buffers of the operating system take for a client. */
const MANY = 40;

/** The server stores unread bytes, so both databases behave the same. */
const testedKinds = sample('answers to clients that stop reading', 2, databaseKinds);

describe.each(testedKinds)('answers to clients that stop reading on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let sockets: Socket[];

  const start = async (settings: Record<string, string> = {}) => {
    app = await TestApp.start(kind, settings);
    ada = await app.newUser();
    for (let n = 0; n < TURNS; n += 1) await ada.chat(MESSAGE);
  };
  beforeEach(() => {
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await app.close();
  });

  /** Opens a connection that requests some pages and reads none. */
  const ask = (count: number, caller = ada): Socket => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    sockets.push(socket.pause());
    const head = `GET ${PAGE} HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${caller.token}\r\n\r\n`;
    socket.write(head.repeat(count));
    return socket;
  };
  /**
   * A page of a mebibyte is one read. Resolves when no more pages are read: the others went to the operating
   * system.
   */
  const waitForStandstill = async (probe: QueryProbe): Promise<number> => {
    await until(() => probe.count('history.page') >= 4);
    let before = 0;
    while (probe.count('history.page') > before) {
      before = probe.count('history.page');
      await sleep(500);
    }
    return before;
  };
  const unread = () => app.nest.get(UnreadAnswers);

  it('are cut if their connection is idle for too long, and not if they are read', async () => {
    await start();
    unread().stallMs = 4000;
    const silent = ask(MANY);
    const slow = ask(MANY);
    let closed = 0;
    let taken = 0;
    for (const socket of [silent, slow]) {
      socket.on('close', () => {
        closed += 1;
      });
    }
    // A paused socket gets no event when it is closed, but writing to it fails.
    await until(async () => {
      taken += (slow.read(65_536) as Buffer | null)?.length ?? 0;
      silent.write('\r\n');
      await sleep(20);
      return closed > 0;
    });
    expect([silent.destroyed, slow.destroyed, closed]).toEqual([true, false, 1]);
    expect(taken).toBeGreaterThan(0);
    expect(await ada.balance()).toBe(4000 - 100 * TURNS);
  });

  it('are cut, oldest first, if their total is too large', async () => {
    await start();
    unread().unreadMaxBytes = 4 * MEBIBYTE;
    const readable = () => sockets.filter(({ destroyed }) => !destroyed).length;
    for (let n = 0; n < 20; n += 1) ask(MANY);
    await until(() => {
      for (const socket of sockets) socket.write('\r\n');
      return readable() < 20;
    });
    expect(await ada.balance()).toBe(4000 - 100 * TURNS);
  });

  it('count towards REQUESTS_MAX until they end', async () => {
    await start({ REQUESTS_MAX: '8' });
    const bob = await app.newUser();
    const probe = new QueryProbe(app.nest);
    ask(MANY);
    ask(MANY);
    await waitForStandstill(probe);
    await until(async () => (await bob.get('/api/token-balance/')).status === 503);
    for (const socket of sockets) socket.resetAndDestroy();
    await until(async () => (await bob.get('/api/token-balance/')).status === 200);
    expect(await app.nest.get(RequestGate).drain(5000)).toBe(true);
  });

  it('are at most four per connection, and all arrive in order when they are read', async () => {
    await start();
    const probe = new QueryProbe(app.nest);
    const socket = ask(MANY);
    expect(await waitForStandstill(probe)).toBeLessThan(MANY / 2);
    let heads = 0;
    socket.on('data', (chunk: Buffer) => (heads += chunk.toString().split('200 OK').length - 1));
    socket.resume();
    await until(() => heads === MANY);
    expect(probe.count('history.page')).toBe(MANY);
  });

  itAtFullEffort('use bounded memory for any number of requests', async () => {
    await start({ REQUESTS_PER_CALLER_MAX: '20' });
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 40; n += 1) ask(500);
    let most = before;
    for (let n = 0; n < 30; n += 1) {
      await sleep(100);
      most = Math.max(most, process.memoryUsage().rss);
    }
    // 20,000 answers of a mebibyte were requested. Twenty of them are in memory, with what was read for them and
    // not yet freed.
    expect((most - before) / MEBIBYTE).toBeLessThan(600);
    expect(await (await app.newUser()).balance()).toBe(4000);
  });
});

/** They are counted in memory, so both databases behave the same. */
const countedKinds = sample('simultaneous requests of one caller', 2, databaseKinds);

describe.each(countedKinds)('simultaneous requests of one caller on %s', (kind) => {
  let app: TestApp;

  beforeEach(async () => {
    app = await TestApp.start(kind, { REQUESTS_PER_CALLER_MAX: String(PER_CALLER) });
  });
  afterEach(() => app.close());

  it('are bounded: the next one is 429 and free, and other users are served', async () => {
    const provider = new ProviderProbe(app.nest);
    let answerAll = (): void => undefined;
    const gate = new Promise<void>((resolve) => (answerAll = resolve));
    provider.delayWith(() => gate);
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const chats = Array.from({ length: PER_CALLER }, () => ada.chat('wait'));
    await until(() => provider.calls === PER_CALLER);
    for (const refused of [await ada.chat('more'), await ada.get('/api/token-balance/')]) {
      expect([refused.status, refused.headers['retry-after'], refused.body]).toEqual([
        429,
        '1',
        {
          detail: 'Request was throttled. Expected available in 1 second.',
          code: 'throttled',
        },
      ]);
    }
    expect(provider.calls).toBe(PER_CALLER);
    expect(await bob.balance()).toBe(4000);
    answerAll();
    for (const { status } of await Promise.all(chats)) expect(status).toBe(200);
    expect(await ada.balance()).toBe(4000 - 100 * PER_CALLER);
  });

  it('are counted by network without a login', async () => {
    const ada = await app.newUser();
    const slow = Array.from({ length: PER_CALLER }, (_, n) =>
      HalfSentRequest.registration(app.url, `slow${String(n)}`),
    );
    for (const one of slow) await one.begin();
    const { status, headers } = await app.post('/api/login/', { username: 'a', password: 'b' });
    expect([status, headers['retry-after']]).toEqual([429, '1']);
    expect((await app.send({ path: '/api/schema/' })).status).toBe(429);
    expect((await app.send({ path: '/health/live' })).status).toBe(200);
    expect(await ada.balance()).toBe(4000);
    for (const one of slow) one.disconnect();
    await until(async () => (await app.send({ path: '/api/schema/' })).status === 200);
    expect(await app.database.count('users')).toBe(1);
  });

  it('are not read, if large, before the credentials are checked', async () => {
    const large = { message: 'x'.repeat(90_000) };
    for (const headers of [{}, { Authorization: `Token ${'0'.repeat(40)}` }]) {
      const sent = new HalfSentRequest(`${app.url}/api/chat/`, large, headers);
      await sent.begin().catch(() => undefined);
      expect((await sent.answer).statusCode).toBe(401);
      sent.disconnect();
    }
  });
});

describe.each(databaseKinds)('a page of long turns on %s', (kind) => {
  const itOnSqlite = itLightOnSqlite(kind);
  let app: TestApp;

  beforeEach(async () => {
    app = await TestApp.start(kind);
  });
  afterEach(() => app.close());

  const bytes = (text: unknown) => Buffer.byteLength(String(text));

  itOnSqlite('ends at 1 MiB of text, and its links skip and repeat nothing', async () => {
    const ada = await app.newUser();
    const lengths = [1, 100_000, 5, 100_000, 100_000, 100_000, 7, 100_000, 100_000, 100_000, 2];
    for (const [n, length] of lengths.entries()) {
      const message = `${String(n)} ${'é'.repeat(length)}`.slice(0, 100_000);
      expect((await ada.chat(message)).status).toBe(200);
    }
    const numbers = (items: { readonly [field: string]: unknown }[]) =>
      items.map(({ message }) => parseInt(String(message), 10));
    const pages = await walk(ada, PAGE);
    expect(pages.length).toBeGreaterThan(2);
    for (const { results } of pages) {
      const sizes = results.map(({ message, response }) => bytes(message) + bytes(response));
      expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(MEBIBYTE);
    }
    const newestFirst = lengths.map((_, n) => n).reverse();
    expect(numbers(itemsOf(pages))).toEqual(newestFirst);
    const back = await walk(ada, pages.at(-1)?.previous ?? '', 'previous');
    const onLast = numbers(pages.at(-1)?.results ?? []);
    expect([...numbers(itemsOf(back.reverse())), ...onLast]).toEqual(newestFirst);
  });

  itOnSqlite('ends at 1 MiB for conversations with long system texts', async () => {
    const ada = await app.newUser();
    const system = '😀'.repeat(20_000);
    for (let n = 0; n < 15; n += 1) await ada.send('POST', '/api/conversations/', { system });
    const pages = await walk(ada, '/api/conversations/?page_size=100');
    expect(pages.map(({ results }) => results.length)).toEqual([13, 2]);
  });
});
