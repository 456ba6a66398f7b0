import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReadConnection } from '../../src/database/read-connection.js';
import { TestApp } from '../support/app.js';
import { type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { getPage, itemsOf, walk, type Item, type Page } from '../support/pages.js';
import { openConversation, sendMessage, turnsIn } from '../support/conversations.js';

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';

describe.each(databaseKinds)('GET /api/chat/ on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  /** Sends the messages one after another, so that their order is known. */
  const chats = async (caller: Caller, messages: readonly string[]) => {
    for (const message of messages) expect((await caller.chat(message)).status).toBe(200);
  };
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => `message ${String(from + n)}`);
  const messagesOf = (items: readonly Item[]) => items.map((item) => item['message']);

  it('lists own turns, newest first, with what each cost', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    await chats(ada, ['one', 'two']);
    await chats(bob, ['not hers']);
    const { next, previous, results } = await getPage(ada, '/api/chat/');
    expect([next, previous]).toEqual([null, null]);
    expect(messagesOf(results)).toEqual(['two', 'one']);
    expect(results[0]).toEqual({
      id: expect.any(String),
      conversation: expect.any(String),
      message: 'two',
      response: "This is a dummy AI response to your message: 'two'",
      model: 'echo',
      status: 'complete',
      tokens: 100,
      key: null,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    expect(results[0]?.['conversation']).not.toBe(results[1]?.['conversation']);
    expect((await getPage(await app.newUser(), '/api/chat/')).results).toEqual([]);
  });

  it('is empty after a chat that was refused', async () => {
    const poor = await app.newUser({ tokens: 99 });
    expect((await poor.chat('hi')).status).toBe(402);
    expect((await getPage(poor, '/api/chat/')).results).toEqual([]);
  });

  it('pages without repeating or missing a turn while others are added, and back again', async () => {
    const ada = await app.newUser({ tokens: 10_000 });
    await chats(ada, numbered(1, 11));
    let added = 11;
    const pages = await walk(ada, '/api/chat/?page_size=3', 'next', async () => {
      await chats(ada, numbered(added + 1, added + 2));
      added += 2;
    });
    expect(pages.map(({ results }) => results.length)).toEqual([3, 3, 3, 2]);
    expect(messagesOf(itemsOf(pages))).toEqual(numbered(1, 11).reverse());
    const back = await walk(ada, pages.at(-1)?.previous ?? '', 'previous');
    expect(messagesOf(itemsOf(back.reverse()))).toEqual(numbered(3, added).reverse());
    expect(back[0]?.previous).toBeNull();
  });

  it('links the next and previous page by absolute URLs that work', async () => {
    const ada = await app.newUser();
    await chats(ada, numbered(1, 5));
    const first = await getPage(ada, '/api/chat?page_size=2&unknown=kept');
    expect(first.next?.startsWith(`${app.url}/api/chat?`)).toBe(true);
    expect(new URL(first.next ?? '').searchParams.get('unknown')).toBe('kept');
    const second = await getPage(ada, first.next ?? '');
    expect(messagesOf(second.results)).toEqual(['message 3', 'message 2']);
    expect(await getPage(ada, second.previous ?? '')).toMatchObject({ results: first.results });
    const third = await getPage(ada, second.next ?? '');
    expect([messagesOf(third.results), third.next]).toEqual([['message 1'], null]);
  });

  it('answers 400 if the Host header is invalid and no link can be made', async () => {
    const ada = await app.newUser();
    await chats(ada, numbered(1, 2));
    for (const Host of ['two words', 'a:b:c', '%']) {
      const { status, body } = await ada.get('/api/chat/?page_size=1', { Host });
      expect([Host, status, body.code]).toEqual([Host, 400, 'bad_request']);
    }
    const { body } = await ada.get('/api/chat/?page_size=1', { Host: 'chat.example:8443' });
    expect(String(body.next)).toMatch(/^http:\/\/chat\.example:8443\/api\/chat\/\?/);
  });

  it('searches in any case of every alphabet, with composed or decomposed accents', async () => {
    const ada = await app.newUser();
    const said = [
      'Привет, мир',
      'ÜBERMUT',
      'Le café',
      'Hello',
      'cafe\u0301 two',
      'Straße 100%',
      '你好',
    ];
    await chats(ada, said);
    const search = async (text: string) =>
      messagesOf((await getPage(ada, `/api/chat/?search=${encodeURIComponent(text)}`)).results);
    expect(await search('привет')).toEqual(['Привет, мир']);
    expect(await search('МИР')).toEqual(['Привет, мир']);
    expect(await search('übermut')).toEqual(['ÜBERMUT']);
    expect(await search('u\u0308BERM')).toEqual(['ÜBERMUT']);
    expect(await search('CAFÉ')).toEqual(['cafe\u0301 two', 'Le café']);
    expect(await search('cafe\u0301')).toEqual(['cafe\u0301 two', 'Le café']);
    expect(await search('cafe')).toEqual([]);
    expect(await search('hELL')).toEqual(['Hello']);
    expect(await search('STRASSE 100%')).toEqual(['Straße 100%']);
    expect(await search('0%0')).toEqual([]);
    expect(await search('好')).toEqual(['你好']);
    expect(await search('DUMMY ai')).toHaveLength(said.length);
  });

  it('keeps pages between 1 and 100 turns, 20 unless asked', async () => {
    const ada = await app.newUser({ tokens: 20_000 });
    await Promise.all(numbered(1, 105).map((message) => ada.chat(message)));
    const length = async (query: string) =>
      (await getPage(ada, `/api/chat/${query}`)).results.length;
    expect(await length('')).toBe(20);
    expect(await length('?page_size=1')).toBe(1);
    expect(await length('?page_size=100')).toBe(100);
    expect(await length('?page_size=101')).toBe(100);
    expect(await length('?page_size=1e9')).toBe(100);
    for (const odd of ['0', '-5', '1.5', 'all', '', '%00']) {
      expect([odd, await length(`?page_size=${odd}`)]).toEqual([odd, 20]);
    }
    expect(itemsOf(await walk(ada, '/api/chat/?page_size=50'))).toHaveLength(105);
  });

  it.each(['x', 'b2xkZXI', 'b2xkZXI6Jy0t', 'b2xkZXI6MQ', '%00', '%F0%9F%92%A9', 'a'.repeat(5000)])(
    'answers 404 to the cursor %s',
    async (cursor) => {
      const ada = await app.newUser();
      const { status, body } = await ada.get(`/api/chat/?cursor=${cursor}`);
      expect([status, body]).toEqual([404, { detail: 'Invalid cursor', code: 'not_found' }]);
    },
  );

  it('shows only own turns for the cursor of another user', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    await chats(ada, numbered(1, 3));
    await chats(bob, ['mine']);
    const { next } = await getPage(ada, '/api/chat/?page_size=1');
    const { results } = await getPage(bob, next ?? '');
    expect(messagesOf(results)).not.toContain('message 2');
  });

  it('reads at most a page and one turn of long texts at once, on every route of turns', async () => {
    const ada = await app.newUser();
    const conversationId = await openConversation(ada);
    const length = 99_000;
    for (let n = 0; n < 14; n += 1) {
      const message = `${String(n)} ${'m'.repeat(length)}`;
      expect((await sendMessage(ada, conversationId, message)).status).toBe(200);
    }
    const reader = app.nest.get(ReadConnection);
    const read = reader.read.bind(reader);
    let largest = 0;
    reader.read = async <Row>(sql: string, parameters: readonly unknown[]) => {
      const rows = await read<Row>(sql, parameters);
      largest = Math.max(largest, JSON.stringify(rows).length);
      return rows;
    };
    const ofConversation = `/api/conversations/${conversationId}/messages/?page_size=100`;
    for (const path of [
      '/api/chat/?page_size=100',
      '/api/chat/?page_size=100&search=mm',
      ofConversation,
    ]) {
      const numbers = itemsOf(await walk(ada, path)).map((item) =>
        parseInt(String(item['message']), 10),
      );
      expect([path, numbers]).toEqual([path, Array.from({ length: 14 }, (_, n) => 13 - n)]);
    }
    const whole = await ada.get(`/api/conversations/${conversationId}/export/`);
    expect(turnsIn(whole)).toHaveLength(14);
    reader.read = read;
    expect(largest).toBeGreaterThan(2 ** 20);
    expect(largest).toBeLessThan(2 ** 20 + 3 * length);
  });

  it('does not read the name of another route as the id of a turn', async () => {
    const ada = await app.newUser();
    const { status, headers } = await ada.get('/api/chat/quote/');
    expect([status, headers.allow]).toEqual([405, 'POST, OPTIONS']);
    expect((await app.send({ path: '/api/chat/quote/' })).status).toBe(401);
    expect((await ada.send('PUT', `/api/chat/${UNKNOWN_ID}/`, {})).status).toBe(405);
  });

  it('returns one own turn, and 404 for every other id', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const { headers } = await ada.chat('mine');
    const id = String(headers['turn-id']);
    const { status, body } = await ada.get(`/api/chat/${id}/`);
    expect([status, body]).toEqual([200, (await getPage(ada, '/api/chat/')).results[0]]);
    expect((await ada.get(`/api/chat/${id}`)).body).toEqual(body);
    const missing = { detail: 'Not found.', code: 'not_found' };
    for (const other of [UNKNOWN_ID, '1', 'x'.repeat(36), '%00', "'--", `${id}%20`]) {
      const answer = await ada.get(`/api/chat/${other}/`);
      expect([other, answer.status, answer.body]).toEqual([other, 404, missing]);
    }
    const othersTurn = await bob.get(`/api/chat/${id}/`);
    expect([othersTurn.status, othersTurn.body]).toEqual([404, missing]);
    expect((await app.send({ path: `/api/chat/${id}/` })).status).toBe(401);
    expect([await ada.balance(), await bob.balance()]).toEqual([3900, 4000]);
  });
});

describe.each(databaseKinds)('pages of turns that are each longer than a page on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind, { MESSAGE_MAX_CHARS: '600000' });
  });
  afterAll(() => app.close());

  it('each have one turn, and link to the next and previous page, on every route of turns', async () => {
    const ada = await app.newUser();
    const conversationId = await openConversation(ada);
    for (let n = 0; n < 3; n += 1) {
      const message = `${String(n)} ${'m'.repeat(550_000)}`;
      expect((await sendMessage(ada, conversationId, message)).status).toBe(200);
    }
    const numbers = (pages: readonly Page[]) =>
      pages.map((page) => page.results.map(({ message }) => parseInt(String(message), 10)));
    for (const path of [
      '/api/chat/',
      '/api/chat/?search=mm',
      `/api/conversations/${conversationId}/messages/`,
    ]) {
      const older = await walk(ada, path);
      expect([path, numbers(older)]).toEqual([path, [[2], [1], [0]]]);
      const newer = await walk(ada, older[1]?.next ?? '', 'previous');
      expect([path, numbers(newer)]).toEqual([path, [[0], [1], [2]]]);
    }
  });
});
