import { describe, expect, it } from '@jest/globals';
import { type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { stageProvider } from '../support/stages.js';

describe.each(databaseKinds)('PUT /api/wallet/limits/ on %s', (kind) => {
  keepWithinOneDay();
  const stage = stageProvider(kind);

  const limit = (caller: Caller, daily: unknown) =>
    caller.send('PUT', '/api/wallet/limits/', { daily });

  it('limits the spending of a day, and null removes the limit', async () => {
    const { provider, ada } = stage;
    const set = await limit(ada, 250);
    expect([set.status, set.body]).toEqual([200, { daily: 250, spent_today: 0 }]);
    for (let n = 0; n < 2; n += 1) expect((await ada.chat('within')).status).toBe(200);
    const calls = provider.calls;
    const { status, raw, headers } = await ada.chat('beyond');
    expect([status, raw]).toEqual([402, '{"error":"Insufficient tokens"}']);
    expect(headers).toMatchObject({
      'tokens-limit': 'daily',
      'tokens-required': '100',
      'tokens-available': '3800',
    });
    expect(provider.calls).toBe(calls);
    expect((await ada.get('/api/wallet/')).body.limits).toEqual({ daily: 250, spent_today: 200 });
    expect((await limit(ada, null)).body).toEqual({ daily: null, spent_today: 200 });
    expect((await ada.chat('lifted')).status).toBe(200);
    expect(await ada.balance()).toBe(3700);
    expect(await ada.history()).toHaveLength(3);
  });

  it('starts again with the next day', async () => {
    const { app, ada } = stage;
    await limit(ada, 100);
    expect((await ada.chat('today')).status).toBe(200);
    expect((await ada.chat('today')).status).toBe(402);
    await app.database.rows(
      `UPDATE wallets SET spent_day = spent_day - 1
       WHERE owner_id = (SELECT id FROM users WHERE username = $1)`,
      [ada.username],
    );
    expect((await ada.get('/api/wallet/')).body.limits).toEqual({ daily: 100, spent_today: 0 });
    expect((await ada.chat('tomorrow')).status).toBe(200);
    expect((await ada.chat('tomorrow')).status).toBe(402);
    expect(await ada.balance()).toBe(3800);
  });

  it('lets exactly 10 of 50 chats at once through a cap of 1000', async () => {
    const { app, provider, ada } = stage;
    await limit(ada, 1000);
    const calls = provider.calls;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => ada.chat(`message ${String(n)}`)),
    );
    const refused = answers.filter(({ status }) => status === 402);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(refused).toHaveLength(40);
    for (const { headers } of refused) expect(headers['tokens-limit']).toBe('daily');
    expect(provider.calls).toBe(calls + 10);
    expect(await ada.balance()).toBe(3000);
    expect(await ada.history()).toHaveLength(10);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('names the wallet and not the limit if the wallet is short', async () => {
    const ada = await stage.app.newUser({ tokens: 99 });
    await limit(ada, 50);
    const { status, headers } = await ada.chat('hi');
    expect([status, headers['tokens-limit']]).toEqual([402, undefined]);
    expect(await ada.balance()).toBe(99);
  });

  it.each([-1, 1.5, 'many', true, {}, [], '', 1_000_000_000_001, 1e300])(
    'refuses %p and keeps the previous limit',
    async (daily) => {
      const { ada } = stage;
      await limit(ada, 300);
      const { status, body } = await limit(ada, daily);
      expect([status, Object.keys(body as object)]).toEqual([400, ['daily']]);
      expect((await ada.get('/api/wallet/')).body.limits.daily).toBe(300);
    },
  );

  it('requires a limit, and accepts digits in a string', async () => {
    const { ada } = stage;
    const { status, body } = await ada.send('PUT', '/api/wallet/limits/', {});
    expect([status, body]).toEqual([400, { daily: ['This field is required.'] }]);
    expect((await limit(ada, '700')).body.daily).toBe(700);
    expect((await limit(ada, 0)).body.daily).toBe(0);
    expect((await ada.chat('none today')).headers['tokens-limit']).toBe('daily');
  });
});
