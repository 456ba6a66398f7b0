import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { getPage, itemsOf, walk, type Item } from '../support/pages.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { until } from '../support/until.js';

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';

describe.each(databaseKinds)('the wallet on %s', (kind) => {
  keepWithinOneDay();
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  afterAll(() => app.close());

  const chats = async (caller: Caller, count: number) => {
    const all = Array.from({ length: count }, (_, n) => caller.chat(`message ${String(n)}`));
    return Promise.all(all);
  };

  describe('GET /api/wallet/', () => {
    it('returns balance, open holds, the available amount and limits', async () => {
      const ada = await app.newUser();
      let answerNow: () => void = () => undefined;
      provider.delayWith(() => new Promise<void>((resolve) => (answerNow = resolve)));
      const calls = provider.calls;
      const chat = ada.chat('wait');
      await until(() => provider.calls !== calls);
      const during = await ada.get('/api/wallet/');
      expect([during.status, during.body]).toEqual([
        200,
        { balance: 4000, held: 100, available: 3900, limits: { daily: null, spent_today: 0 } },
      ]);
      expect(await ada.balance()).toBe(3900);
      answerNow();
      provider.delayWith(undefined);
      expect((await chat).status).toBe(200);
      const after = await ada.get('/api/wallet');
      expect(after.body).toEqual({
        balance: 3900,
        held: 0,
        available: 3900,
        limits: { daily: null, spent_today: 100 },
      });
    });

    it('never charges, nor does any other GET', async () => {
      const ada = await app.newUser();
      await chats(ada, 2);
      const turn = (await getPage(ada, '/api/chat/')).results[0]?.id ?? '';
      const calls = provider.calls;
      const paths = [
        'token-balance',
        'wallet',
        'wallet/ledger',
        'wallet/usage',
        'chat',
        `chat/${turn}`,
      ];
      for (const path of paths) expect((await ada.get(`/api/${path}/`)).status).toBe(200);
      expect(await ada.balance()).toBe(3800);
      expect(provider.calls).toBe(calls);
      expect(itemsOf(await walk(ada, '/api/wallet/ledger/'))).toHaveLength(3);
      expect(await app.database.unbalancedWallets()).toEqual([]);
    });
  });

  describe('GET /api/wallet/ledger/', () => {
    it('explains the balance entry by entry, newest first', async () => {
      const ada = await app.newUser();
      const { headers } = await ada.chat('hello');
      const { results, next, previous } = await getPage(ada, '/api/wallet/ledger/');
      expect([next, previous]).toEqual([null, null]);
      const id = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
      const created_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      const turn = headers['turn-id'];
      expect(results).toEqual([
        {
          id,
          kind: 'charge',
          amount: -100,
          balance_after: 3900,
          reason: 'chat message to echo',
          turn,
          model: 'echo',
          key: null,
          created_at,
        },
        {
          id,
          kind: 'grant',
          amount: 4000,
          balance_after: 4000,
          reason: 'opening grant',
          turn: null,
          model: null,
          key: null,
          created_at,
        },
      ]);
    });

    it('returns every entry once, in pages, while chats continue', async () => {
      const ada = await app.newUser({ tokens: 20_000 });
      await chats(ada, 25);
      const pages = await walk(ada, '/api/wallet/ledger/?page_size=4', 'next', () => chats(ada, 3));
      expect(pages.map(({ results }) => results.length)).toEqual([4, 4, 4, 4, 4, 4, 2]);
      const balances = itemsOf(pages).map((entry) => entry['balance_after']);
      expect(balances).toEqual(Array.from({ length: 26 }, (_, n) => 17_500 + n * 100));
      const back = await walk(ada, pages.at(-1)?.previous ?? '', 'previous');
      const newest = itemsOf(back.reverse());
      const made = 25 + pages.length * 3;
      expect(newest.map((entry) => entry['balance_after'])).toEqual(
        Array.from({ length: made - 1 }, (_, n) => 20_000 - (made - n) * 100),
      );
      expect(new Set([...newest, ...itemsOf(pages)].map(({ id }) => id)).size).toBe(made + 1);
    });

    it.each([
      ['1', 1],
      ['3', 3],
      ['100', 5],
      ['1000', 5],
      ['0', 5],
      ['-1', 5],
      ['two', 5],
      ['', 5],
    ])('uses ?page_size=%s if it is valid, or 20', async (size, length) => {
      const ada = await app.newUser();
      await chats(ada, 4);
      const { results } = await getPage(ada, `/api/wallet/ledger/?page_size=${size}`);
      expect(results).toHaveLength(length);
    });

    it.each(['nonsense', 'b2xkZXI6', 'b2xkZXI6MSBPUiAx', 'c2lkZXdheXM6MQ', '%00', 'b2xkZXI6LTE'])(
      'answers 404 to the cursor %s',
      async (cursor) => {
        const ada = await app.newUser();
        const { status, body } = await ada.get(`/api/wallet/ledger/?cursor=${cursor}`);
        expect([status, body]).toEqual([404, { detail: 'Invalid cursor', code: 'not_found' }]);
      },
    );

    it('continues from an own entry by its id, and from no entry of another user', async () => {
      const [ada, bob] = [await app.newUser(), await app.newUser()];
      await chats(ada, 3);
      const page = (caller: Caller, cursor: string) =>
        getPage(caller, `/api/wallet/ledger/?cursor=${Buffer.from(cursor).toString('base64url')}`);
      const { results: all } = await getPage(ada, '/api/wallet/ledger/');
      const id = String(all[2]?.['id']);
      expect((await page(ada, `older:${id}`)).results).toEqual(all.slice(3));
      expect((await page(ada, `newer:${id.toUpperCase()}`)).results).toEqual(all.slice(0, 2));
      for (const cursor of [`older:${id}`, `newer:${id}`, `newer:${UNKNOWN_ID}`]) {
        expect((await page(bob, cursor)).results).toEqual([]);
      }
    });

    it('leads from a turn to its charge and back', async () => {
      const ada = await app.newUser();
      await chats(ada, 3);
      const turns = (await getPage(ada, '/api/chat/')).results;
      for (const turn of turns) {
        const { results } = await getPage(ada, `/api/wallet/ledger/?turn=${turn.id}`);
        expect(results).toHaveLength(1);
        const { amount, balance_after: after } = results[0] as Item;
        expect(amount).toBe(-100);
        const before = Number(after) - Number(amount);
        expect([4000, 3900, 3800]).toContain(before);
        const { body } = await ada.get(`/api/chat/${String(results[0]?.['turn'])}/`);
        expect(body).toEqual(turn);
        expect(body.tokens).toBe(-Number(amount));
      }
    });

    it('is empty for another user’s, an unknown or an invalid turn', async () => {
      const [ada, bob] = [await app.newUser(), await app.newUser()];
      const { headers } = await ada.chat('mine');
      for (const turn of [String(headers['turn-id']), UNKNOWN_ID, 'x', '%00', '%ff', "'--"]) {
        const { results } = await getPage(bob, `/api/wallet/ledger/?turn=${turn}`);
        expect([turn, results]).toEqual([turn, []]);
      }
      expect(itemsOf(await walk(bob, '/api/wallet/ledger/'))).toHaveLength(1);
    });
  });
});
