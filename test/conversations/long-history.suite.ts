import { setImmediate as nextIteration } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { byEffort } from '../support/effort.js';
import { QueryProbe, planOf } from '../support/query-probe.js';

const TURNS = byEffort({ light: 20_000, full: 100_000 });
/** Number of turns that one statement of a search examines. */
const STEP = 2000;

/** SQL for the numbers 1 to `TURNS`, on both databases. */
const NUMBERS = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${String(TURNS)})`;
/** SQL for ids that sort by number. The first twelve digits of a real id are its time. */
const ID = {
  sqlite: (n: string) => `'00000000-' || printf('%04d-%04d', ${n} / 10000, ${n} % 10000)`,
  postgres: (n: string) =>
    `'00000000-' || to_char(${n} / 10000, 'FM0000') || '-' || to_char(${n} % 10000, 'FM0000')`,
};

const longHistory = (kind: DatabaseKind): void => {
  let app: TestApp;
  let probe: QueryProbe;
  let ada: Caller;
  let conversation: string;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    probe = new QueryProbe(app.nest);
    ada = await app.newUser();
    conversation = (await ada.chat('0')).headers['conversation-id'] as string;
    const others = (await (await app.newUser()).chat('0')).headers['conversation-id'] as string;
    // This turn gets the last number, so all other turns come before it.
    const last = [TURNS + 1];
    await app.database.rows('UPDATE turns SET ordinal = $1', last);
    await app.database.rows('UPDATE wallets SET last_ordinal = $1', last);
    await fill(conversation, { idEnd: '000000000001', owner: 'owner_id' });
    // The same number of turns of a thousand other users lie between. An index without the owner would read all of
    // them.
    await fill(others, { idEnd: '000000000002', owner: `'owner ' || n % 1000` });
    await app.database.rows('ANALYZE');
  }, 120_000);
  afterAll(() => app.close());

  /** Copies the one turn of a conversation `TURNS` times. */
  const fill = (id: string, { idEnd, owner }: { idEnd: string; owner: string }) =>
    app.database.rows(
      `${NUMBERS} INSERT INTO turns (id, owner_id, ordinal, conversation_id, hold_id, message, response,
         model, status, finish_reason, prompt_tokens, completion_tokens, amount, available_after,
         credential_id, created_at)
       SELECT ${ID[kind]('n')} || '-8000-${idEnd}', ${owner}, n, conversation_id, hold_id,
         'message ' || n, response, model, status, finish_reason, 0, 0, 0, 0, credential_id, created_at
       FROM turns, numbers WHERE conversation_id = $1`,
      [id],
    );

  /** Checks that the plan reads the rows along the index, in order, starting at the key. */
  const expectIndexWalk = async (name: string, index: string) => {
    const plan = (await planOf(app.database, kind, probe.last(name))).join('\n');
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan|Sort|SCAN turns|TEMP B-TREE/);
    if (name.endsWith('.page')) expect(plan).toMatch(/ordinal ?</);
  };

  const follow = async (path: string): Promise<{ messages: string[]; next: string }> => {
    const { status, body } = await ada.get(path);
    expect(status).toBe(200);
    const { results, next } = body as { results: { message: string }[]; next: string | null };
    return {
      messages: results.map(({ message }) => message),
      next: (next ?? '').slice(app.url.length),
    };
  };

  it.each([
    ['history.page', 'turns_owner_ordinal', () => '/api/chat/'],
    [
      'conversation.page',
      'turns_conversation_ordinal',
      () => `/api/conversations/${conversation}/messages/`,
    ],
  ])('uses for pages by %s the index %s', async (name, index, path) => {
    const first = await follow(`${path()}?page_size=100`);
    const second = await follow(first.next);
    expect(first.messages.slice(0, 2)).toEqual(['0', `message ${String(TURNS)}`]);
    expect(second.messages.at(0)).toBe(`message ${String(TURNS - 99)}`);
    expect(second.messages).toHaveLength(100);
    await expectIndexWalk(name, index);
  });

  it('reads the last page as fast as the first', async () => {
    const far = Buffer.from('older:00000000-0000-0003-8000-000000000001').toString('base64url');
    const { messages, next } = await follow(`/api/chat/?cursor=${far}`);
    expect([messages, next]).toEqual([['message 2', 'message 1'], '']);
    await expectIndexWalk('history.page', 'turns_owner_ordinal');
  });

  it('searches only the owner’s turns, in bounded steps along the index', async () => {
    const before = probe.count('history.search');
    const { messages } = await follow(`/api/chat/?search=message+${String(TURNS - 1)}`);
    expect(messages).toEqual([`message ${String(TURNS - 1)}`]);
    await expectIndexWalk('history.search', 'turns_owner_ordinal');
    await expectIndexWalk('history.bounds', 'turns_owner_ordinal');
    await expectIndexWalk('history.found', 'turns_owner_ordinal');
    expect(probe.count('history.search') - before).toBe(Math.ceil((TURNS + 1) / STEP));
  });

  it('pages through results across steps, in both directions', async () => {
    const found: string[] = [];
    let [path, second] = ['/api/chat/?search=message+77&page_size=100', ''];
    while (path !== '') {
      const { messages, next } = await follow(path);
      found.push(...messages);
      path = next;
      second ||= next;
    }
    const numbers = Array.from({ length: TURNS }, (_, n) => String(TURNS - n));
    expect(found).toEqual(numbers.filter((n) => n.startsWith('77')).map((n) => `message ${n}`));
    const { previous } = (await ada.get(second)).body as { previous: string };
    const back = await follow(previous.slice(app.url.length));
    expect(back.messages).toEqual(found.slice(0, 100));
  });

  /** Checks in each iteration of the event loop, because a search may take only some milliseconds. */
  const searchBegun = async (before: number) => {
    const deadline = performance.now() + 45_000;
    while (probe.count('history.search') === before) {
      if (performance.now() > deadline) throw new Error('the search did not begin');
      await nextIteration();
    }
  };

  it('lets others read during a search without results', async () => {
    let answered = 0;
    // On a fast database a search may be over before the first balance.
    for (let attempt = 0; attempt < 10 && answered === 0; attempt++) {
      const before = probe.count('history.search');
      let isDone = false;
      const isOver = () => isDone;
      const search = follow('/api/chat/?search=nowhere').finally(() => (isDone = true));
      await searchBegun(before);
      while (!isOver()) {
        expect(await ada.balance()).toBe(3900);
        answered += isOver() ? 0 : 1;
      }
      expect(await search).toEqual({ messages: [], next: '' });
    }
    expect(answered).toBeGreaterThan(0);
  });

  it('stops searching if the client has left', async () => {
    const steps = Math.ceil((TURNS + 1) / STEP);
    const before = probe.count('history.search');
    const leaving = new AbortController();
    const search = ada.send('GET', '/api/chat/?search=nowhere', undefined, {}, leaving.signal);
    await searchBegun(before);
    leaving.abort();
    await expect(search).rejects.toThrow('aborted');
    // Takes as long as a whole search. If the stopped search had continued, it would have ended by now.
    await follow('/api/chat/?search=nowhere');
    expect(probe.count('history.search') - before).toBeLessThan(2 * steps);
    expect(probe.count('history.search') - before).toBeGreaterThan(steps);
  });

  it('takes the context from the newest turns along the index', async () => {
    const path = `/api/conversations/${conversation}/messages/`;
    expect((await ada.send('POST', path, { message: 'and now?' })).status).toBe(200);
    await expectIndexWalk('conversation.context', 'turns_conversation_ordinal');
  });

  it('exports and deletes all of them', async () => {
    const { body } = await ada.get(`/api/conversations/${conversation}/export/`);
    expect(body.turns).toHaveLength(TURNS + 2);
    expect((await ada.send('DELETE', `/api/conversations/${conversation}/`)).status).toBe(204);
    expect(await ada.history()).toEqual([]);
    expect(await app.database.count('turns')).toBe(TURNS + 1);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
};

/** The cases of `long-history` on one database. */
export function longHistorySuite(kind: DatabaseKind): void {
  describeOn(kind, 'A long history', longHistory);
}
