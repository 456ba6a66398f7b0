import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { getPage, itemsOf, walk, type Page } from '../support/pages.js';
import { openConversation } from '../support/conversations.js';

const LIST = '/api/conversations/?page_size=2';
const titles = ({ results }: Page) => results.map(({ title }) => title);

describe.each(databaseKinds)('the links of a page whose rows are deleted on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let ids: Record<string, string>;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  beforeEach(async () => {
    ada = await app.newUser();
    ids = {};
    for (const title of ['1', '2', '3', '4', '5', '6'])
      ids[title] = await openConversation(ada, { title });
  });
  afterAll(() => app.close());

  const remove = async (...gone: string[]) => {
    for (const title of gone) {
      const { status } = await ada.send('DELETE', `/api/conversations/${ids[title] ?? ''}/`);
      expect(status).toBe(204);
    }
  };

  it('lead to the next page if their row is deleted', async () => {
    const first = await getPage(ada, LIST);
    const second = await getPage(ada, first.next ?? '');
    expect([first, second].map(titles)).toEqual([
      ['6', '5'],
      ['4', '3'],
    ]);
    await remove('5', '4', '3');
    expect(titles(await getPage(ada, first.next ?? ''))).toEqual(['2', '1']);
    expect(titles(await getPage(ada, second.next ?? ''))).toEqual(['2', '1']);
    expect(titles(await getPage(ada, second.previous ?? ''))).toEqual(['6']);
  });

  it('lead back from an empty page without a gap', async () => {
    const { next } = await getPage(ada, LIST);
    await remove('4', '3', '2', '1');
    const empty = await getPage(ada, next ?? '');
    expect([empty.results, empty.next]).toEqual([[], null]);
    expect(titles(await getPage(ada, empty.previous ?? ''))).toEqual(['6', '5']);
  });

  it('lead on from a page without newer rows, without a gap', async () => {
    const { next } = await getPage(ada, LIST);
    const { previous } = await getPage(ada, next ?? '');
    await remove('6', '5');
    const empty = await getPage(ada, previous ?? '');
    expect([empty.results, empty.previous]).toEqual([[], null]);
    expect(titles(await getPage(ada, empty.next ?? ''))).toEqual(['4', '3']);
  });

  it('`next` links reach every row while earlier pages are deleted', async () => {
    const seen: unknown[] = [];
    const pages = await walk(ada, LIST, 'next', async () => {
      seen.push(await app.database.count('conversations'));
      const [newest] = (await getPage(ada, LIST)).results;
      if (newest) await ada.send('DELETE', `/api/conversations/${newest.id}/`);
    });
    expect(itemsOf(pages).map(({ title }) => title)).toEqual(['6', '5', '4', '3', '2', '1']);
    expect(seen).toHaveLength(3);
  });
});

describe('the links of a ledger', () => {
  it('lead back from before its first entry', async () => {
    const app = await TestApp.start();
    try {
      const ada = await app.newUser();
      const cursor = Buffer.from('older:1').toString('base64url');
      const empty = await getPage(ada, `/api/wallet/ledger/?cursor=${cursor}`);
      expect(empty.results).toEqual([]);
      const { results } = await getPage(ada, empty.previous ?? '');
      expect(results.map(({ kind }) => kind)).toEqual(['grant']);
    } finally {
      await app.close();
    }
  });
});
