import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActiveConversations } from '../../src/conversations/active-conversations.js';
import { ConversationsModule } from '../../src/conversations/conversations.module.js';
import { LongReads } from '../../src/database/long-reads.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { openConversation } from '../support/conversations.js';
import { databaseKinds } from '../support/databases.js';
import { getPage, itemsOf, walk } from '../support/pages.js';
import { StatementLog } from '../support/statement-log.js';

/** Two steps of 2,000, the last one not full. */
const CONVERSATIONS = 2100;
const STEPS = 2;
const LIST = '/api/conversations/?ordering=';

describe.each(databaseKinds)('many conversations by activity on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let owner: string;
  let log: StatementLog;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    log = StatementLog.of(app.nest);
    ada = await app.newUser();
    owner = await app.ownerOf(ada);
    // Several conversations have the same time, and their ids and times are in other orders than their numbers.
    await app.database.rows(
      `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${String(CONVERSATIONS)})
       INSERT INTO conversations (id, owner_id, ordinal, title, created_at, updated_at)
       SELECT '00000000-0000-7000-8000-0000000' || (10000 + n * 13 % 4801), $1, n, 'title ' || n, n, 1000000 + n * 7919 % 1000 FROM numbers`,
      [owner],
    );
    await app.database.rows('UPDATE wallets SET last_ordinal = $2 WHERE owner_id = $1', [
      owner,
      CONVERSATIONS,
    ]);
  });
  afterAll(() => app.close());

  /** The ids in the order of activity, the least recent first, as the database sorts all of them at once. */
  const inOrder = async () => {
    const sql = 'SELECT id FROM conversations WHERE owner_id = $1 ORDER BY updated_at, id';
    return (await app.database.rows<{ id: string }>(sql, [owner])).map(({ id }) => id);
  };

  it('are listed once each, in both directions', async () => {
    const expected = await inOrder();
    expect(new Set(expected).size).toBe(CONVERSATIONS);
    const pages = await walk(ada, `${LIST}updated_at&page_size=100`);
    expect(itemsOf(pages).map(({ id }) => id)).toEqual(expected);
    const newest = await walk(ada, `${LIST}-updated_at&page_size=100`);
    expect(itemsOf(newest).map(({ id }) => id)).toEqual([...expected].reverse());
    const last = pages.at(-1);
    const back = itemsOf((await walk(ada, last?.previous ?? '', 'previous')).reverse());
    expect([...back, ...(last?.results ?? [])].map(({ id }) => id)).toEqual(expected);
  });

  it('are listed once if they do not change, while others change', async () => {
    const before = await inOrder();
    const changed = new Set<string>();
    const rename = async () => {
      const id = before[changed.size * 90] ?? '';
      changed.add(id);
      const { status } = await ada.send('PATCH', `/api/conversations/${id}/`, { title: 'new' });
      expect(status).toBe(200);
    };
    const pages = await walk(ada, `${LIST}-updated_at&page_size=100`, 'next', rename);
    const unchanged = itemsOf(pages)
      .map(({ id }) => id)
      .filter((id) => !changed.has(id));
    expect(unchanged).toEqual([...before].reverse().filter((id) => !changed.has(id)));
    const first = await getPage(ada, `${LIST}-updated_at&page_size=${String(changed.size)}`);
    expect(first.results.map(({ id }) => id)).toEqual([...changed].reverse());
  });

  it('are examined in steps, and not any more after the caller has left', async () => {
    const names = async (work: () => Promise<unknown>) =>
      (await log.during(work)).map(({ name }) => name).filter((name) => name.includes('conv'));
    const step = ['conversation.step', 'conversation.by_activity'];
    expect(await names(() => getPage(ada, `${LIST}-updated_at`))).toEqual(
      Array.from({ length: STEPS }, () => step).flat(),
    );
    const keyset = { key: undefined, comparison: '<', order: 'DESC', limit: 1 } as const;
    const active = app.nest.get(ActiveConversations);
    const left = () => active.read(owner, keyset, AbortSignal.abort());
    expect(await names(left)).toEqual(step);
  });

  it('wait for a search of the same user, and few conversations do not', async () => {
    const bob = await app.newUser();
    const opened = await openConversation(bob);
    const longReads = app.nest.select(ConversationsModule).get(LongReads, { strict: true });
    const { signal } = new AbortController();
    let end = (): void => undefined;
    const untilEnd = new Promise<void>((resolve) => {
      end = resolve;
    });
    const searches = [owner, await app.ownerOf(bob)].map((id) =>
      longReads.runForOwner(id, signal, () => untilEnd),
    );
    const refused = await ada.get(`${LIST}updated_at`);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    const { results } = await getPage(bob, `${LIST}updated_at`);
    expect(results.map(({ id }) => id)).toEqual([opened]);
    end();
    await Promise.all(searches);
  });
});
