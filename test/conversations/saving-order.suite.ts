import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { byEffort } from '../support/effort.js';
import { getPage, itemsOf, walk, type Item } from '../support/pages.js';
import { openConversation, sendMessage } from '../support/conversations.js';

const CHATS = byEffort({ light: 150, full: 10_000 });
/** Ten thousand turns take minutes on a machine that does other work too. */
const TIMEOUT_MS = byEffort({ light: 120_000, full: 900_000 });
const AT_A_TIME = 6;

const cursorOf = (text: string) => Buffer.from(text).toString('base64url');

/** A client that follows a list: it repeatedly reads the rows after the newest row that it has. */
class Follower {
  readonly seen: string[] = [];
  private isOver = false;

  constructor(
    private readonly caller: Caller,
    private readonly list: string,
    private newest: string,
  ) {}

  async run(): Promise<void> {
    // Reads once more after the end, so that the last rows are read too.
    for (let wasOver = false; !wasOver;) {
      wasOver = this.isOver;
      const page = await getPage(
        this.caller,
        `${this.list}?page_size=100&cursor=${cursorOf(`newer:${this.newest}`)}`,
      );
      const ids = page.results.map(({ id }) => id);
      this.seen.push(...ids.reverse());
      this.newest = ids.at(-1) ?? this.newest;
      if (ids.length === 100) wasOver = false;
    }
  }

  end(): void {
    this.isOver = true;
  }
}

const savingOrder = (kind: DatabaseKind): void => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind, { OPENING_GRANT: '10000000' });
  });
  afterAll(() => app.close());

  const newestIn = async (caller: Caller, list: string) =>
    (await getPage(caller, `${list}?page_size=1`)).results[0]?.id ?? '';

  it(
    'shows a client that pages through them each turn and conversation once, in order',
    async () => {
      const ada = await app.newUser();
      await ada.chat('first');
      const lists = ['/api/chat/', '/api/conversations/'];
      const followers = await Promise.all(
        lists.map(async (list) => new Follower(ada, list, await newestIn(ada, list))),
      );
      const following = Promise.all(followers.map((follower) => follower.run()));
      let left = CHATS;
      const worker = async () => {
        for (; left > 0;) {
          left -= 1;
          const body = { message: String(left), ...(left % 2 === 0 && { stream: true }) };
          expect((await ada.send('POST', '/api/chat/', body)).status).toBe(200);
          if (left % 50 === 0) await openConversation(ada);
        }
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, worker));
      for (const follower of followers) follower.end();
      await following;
      for (const [index, list] of lists.entries()) {
        const all = itemsOf(await walk(ada, `${list}?page_size=100`)).map(({ id }) => id);
        expect(all.reverse().slice(1)).toEqual(followers[index]?.seen);
      }
      expect(followers[0]?.seen).toHaveLength(CHATS);
      expect(await app.database.unbalancedWallets()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  const ids = (items: readonly Item[]) => items.map(({ id }) => id);

  it('orders turns by the time of saving, not of the question', async () => {
    const ada = await app.newUser();
    const conversationId = await openConversation(ada);
    // The second turn has the newer id, but the first one was saved later.
    const [late, early] = [
      'ffffffff-0000-7000-8000-000000000000',
      '00000000-0000-7000-8000-000000000000',
    ];
    const turns = [
      await sendMessage(ada, conversationId, 'one'),
      await sendMessage(ada, conversationId, 'two'),
      await sendMessage(ada, conversationId, 'three'),
    ];
    const [one, two, three] = turns.map(({ headers }) => String(headers['turn-id']));
    await app.database.rows('UPDATE turns SET id = $1 WHERE id = $2', [late, one]);
    await app.database.rows('UPDATE turns SET id = $1 WHERE id = $2', [early, three]);
    const expected = [early, two, late];
    const ofConversation = `/api/conversations/${conversationId}/messages/`;
    for (const list of ['/api/chat/', ofConversation, '/api/chat/?search=dummy']) {
      const sign = list.includes('?') ? '&' : '?';
      expect(ids(itemsOf(await walk(ada, `${list}${sign}page_size=1`)))).toEqual(expected);
      const newer = await getPage(ada, `${list}${sign}cursor=${cursorOf(`newer:${late}`)}`);
      expect(ids(newer.results)).toEqual([early, two]);
    }
    const exported = await ada.get(`/api/conversations/${conversationId}/export/`);
    expect(ids(exported.body.turns)).toEqual([...expected].reverse());
  });

  it('continues from deleted turns and conversations, in both directions', async () => {
    const ada = await app.newUser();
    const conversationIds: string[] = [];
    for (let n = 1; n <= 6; n += 1) {
      const { headers } = await ada.chat(`message ${String(n)}`);
      conversationIds.unshift(String(headers['conversation-id']));
    }
    const firsts = await Promise.all(
      ['/api/chat/', '/api/conversations/', '/api/conversations/?ordering=-updated_at'].map(
        (list) => getPage(ada, `${list}${list.includes('?') ? '&' : '?'}page_size=2`),
      ),
    );
    // The last row of the first page, from which `next` continues, and the row before it.
    for (const id of conversationIds.slice(0, 2)) {
      expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
    }
    for (const first of firsts) {
      const second = await getPage(ada, first.next ?? '');
      const conversations = second.results.map((item) => item['conversation'] ?? item.id);
      expect(conversations).toEqual(conversationIds.slice(2, 4));
      const back = await getPage(ada, second.previous ?? '');
      expect([back.results, back.previous]).toEqual([[], null]);
      expect((await getPage(ada, back.next ?? '')).results).toEqual(second.results);
    }
    const turn = firsts[0]?.results[0]?.id ?? '';
    // A cursor that a client has built itself: from a turn that only the ledger still has, and from an unknown
    // turn.
    for (const own of [turn, turn.replace(/.$/, 'f')]) {
      const newer = await getPage(ada, `/api/chat/?cursor=${cursorOf(`newer:${own}`)}`);
      expect(newer.results).toEqual([]);
      const older = await getPage(ada, `/api/chat/?page_size=9&cursor=${cursorOf(`older:${own}`)}`);
      expect(older.results.map((item) => item['conversation'])).toEqual(conversationIds.slice(2));
    }
    const gone = await getPage(
      ada,
      `/api/conversations/?cursor=${cursorOf(`older:${conversationIds[1] ?? ''}`)}`,
    );
    expect(ids(gone.results)).toEqual(conversationIds.slice(2));
    const emptied = await getPage(ada, `/api/chat/?page_size=2`);
    for (const id of conversationIds.slice(4))
      await ada.send('DELETE', `/api/conversations/${id}/`);
    const last = await getPage(ada, emptied.next ?? '');
    expect([last.results, last.next]).toEqual([[], null]);
    expect((await getPage(ada, last.previous ?? '')).results).toEqual(emptied.results);
  });

  it('take no position from a turn or a conversation of another user, also a deleted one', async () => {
    const [eve, ada] = [await app.newUser(), await app.newUser()];
    const theirs = [await eve.chat('1'), await eve.chat('2'), await eve.chat('3')];
    const deleted = String(theirs[2]?.headers['conversation-id']);
    expect((await eve.send('DELETE', `/api/conversations/${deleted}/`)).status).toBe(204);
    const own = [await ada.chat('1'), await ada.chat('2'), await ada.chat('3')].reverse();
    for (const [list, header] of [
      ['/api/chat/', 'turn-id'],
      ['/api/conversations/', 'conversation-id'],
    ] as const) {
      // They are older than all rows of the caller, although the second was the second row of its owner.
      for (const { headers } of theirs) {
        const id = String(headers[header]);
        const newer = await getPage(ada, `${list}?cursor=${cursorOf(`newer:${id}`)}`);
        expect(ids(newer.results)).toEqual(own.map((answer) => answer.headers[header]));
        const older = await getPage(ada, `${list}?cursor=${cursorOf(`older:${id}`)}`);
        expect(older.results).toEqual([]);
      }
    }
  });

  it('lists conversations by activity and by age, in both directions, while they change', async () => {
    const ada = await app.newUser();
    const opened: string[] = [];
    for (let n = 0; n < 5; n += 1) opened.push(await openConversation(ada));
    const [a, b, c, d, e] = opened;
    await sendMessage(ada, b ?? '', 'again');
    await ada.send('PATCH', `/api/conversations/${d ?? ''}/`, { title: 'renamed' });
    const by = async (ordering: string) =>
      ids(itemsOf(await walk(ada, `/api/conversations/?page_size=2&ordering=${ordering}`)));
    const active = [d, b, e, c, a];
    expect(await by('-updated_at')).toEqual(active);
    expect(await by('updated_at')).toEqual([...active].reverse());
    expect(await by('created_at')).toEqual(opened);
    expect(await by('-created_at')).toEqual([...opened].reverse());
    const first = await getPage(ada, '/api/conversations/?page_size=2&ordering=-updated_at');
    // The conversation in the cursor changes meanwhile, and so does one that was not read yet.
    for (const id of [b, c]) await sendMessage(ada, id ?? '', 'go on');
    const rest = await walk(ada, first.next ?? '');
    expect([...ids(first.results), ...ids(itemsOf(rest))]).toEqual([d, b, e, a]);
    const news = await getPage(ada, rest.at(-1)?.previous ?? '');
    expect(ids(news.results).length).toBeGreaterThan(0);
    const wrong = await ada.get('/api/conversations/?ordering=title');
    expect([wrong.status, wrong.body]).toEqual([
      400,
      { ordering: ['"title" is not a valid choice.'] },
    ]);
    const cursors = ['older:1.x', `older:${a ?? ''}`, 'newer:newest', 'older:'];
    for (const cursor of cursors) {
      const path = `/api/conversations/?ordering=updated_at&cursor=${cursorOf(cursor)}`;
      expect([cursor, (await ada.get(path)).status]).toEqual([cursor, 404]);
    }
  });
};

/** The cases of `saving-order` on one database. */
export function savingOrderSuite(kind: DatabaseKind): void {
  describeOn(kind, 'The order of saving', savingOrder);
}
