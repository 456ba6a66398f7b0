import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dayOf, monthOf, nowMicros } from '../../src/time.js';
import { periodOf } from '../../src/wallet/cap-period.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { makeKey, usedOf, type MadeKey } from '../support/api-keys.js';
import { TestApp } from '../support/app.js';
import { BEHAVIOURS } from '../support/behaviours.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { byEffort } from '../support/effort.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { modelsOf } from '../support/models-file.js';
import { Upstream } from '../support/upstream.js';
import { until } from '../support/until.js';

const NAMES = ['good', 'refuses', 'hangs'];
const CHATS = byEffort({ light: 40, full: 100 });

describe.each(databaseKinds)('the spending cap of an API key on %s', (kind) => {
  keepWithinOneDay();
  let upstream: Upstream;
  let app: TestApp;
  beforeAll(async () => {
    const known = NAMES.map((name) => [name, BEHAVIOURS[name]]);
    upstream = await Upstream.start(Object.fromEntries(known) as typeof BEHAVIOURS);
    app = await TestApp.start(kind, modelsOf(upstream.baseUrl, NAMES));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const ask = (caller: Caller, model: string, headers: Record<string, string> = {}) =>
    caller.send('POST', '/api/chat/', { message: 'hi', model }, headers);
  const askOpenAi = (caller: Caller, model: string) =>
    caller.send('POST', '/v1/chat/completions', {
      model,
      messages: [{ role: 'user', content: 'hi' }],
    });
  const answered = (answers: Answer[]) => answers.filter(({ status }) => status === 200).length;
  const refused = (answers: Answer[]) => answers.filter(({ status }) => status === 402);

  const assertExplained = async () => {
    expect(await app.database.differences()).toEqual([]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  };

  it.each([
    ['at once, by /api', (caller: Caller) => ask(caller, 'echo')],
    ['at once, by /v1', (caller: Caller) => askOpenAi(caller, 'echo')],
    ['after a model, by /api', (caller: Caller) => ask(caller, 'flat:good')],
    ['after a model, by /v1', (caller: Caller) => askOpenAi(caller, 'flat:good')],
    [
      'after a model, with keys of their own',
      (caller: Caller, n: number) => ask(caller, 'flat:good', { 'Idempotency-Key': String(n) }),
    ],
  ])(`with room for 7 answers 7 of ${String(CHATS)} chats at once, %s`, async (_, chat) => {
    const ada = await app.newUser({ tokens: 100_000 });
    const key = await makeKey(app.http, ada, { limit: 799 });
    const calls = upstream.calls.length;
    const answers = await Promise.all(
      Array.from({ length: CHATS }, (__, n) => chat(key.caller, n)),
    );
    expect(answered(answers)).toBe(7);
    expect(refused(answers)).toHaveLength(CHATS - 7);
    for (const { headers } of refused(answers)) {
      expect(headers).toMatchObject({ 'tokens-limit': 'key', 'tokens-required': '100' });
      expect(headers['tokens-available']).toMatch(/^\d+$/);
    }
    expect([0, 7]).toContain(upstream.calls.length - calls);
    expect(await ada.balance()).toBe(99_300);
    expect((await ada.get(`/api/keys/${key.id}/`)).body).toMatchObject({
      ...{ limit: 799, used: 700, remaining: 99 },
    });
    expect(await ada.history()).toHaveLength(7);
    // The wallet and its other credentials are not affected.
    expect((await ask(ada, 'echo')).status).toBe(200);
    await assertExplained();
  });

  it('is reported with the exact body, and on /v1 in OpenAI’s format', async () => {
    const ada = await app.newUser();
    const { caller } = await makeKey(app.http, ada, { limit: 99 });
    const { body, headers } = await ask(caller, 'echo');
    expect(body).toEqual({ error: 'Insufficient tokens' });
    expect(headers).toMatchObject({
      ...{ 'tokens-limit': 'key', 'tokens-required': '100', 'tokens-available': '4000' },
    });
    const openAi = await askOpenAi(caller, 'flat:good');
    expect(openAi.status).toBe(402);
    expect(openAi.headers).toMatchObject({ 'tokens-limit': 'key', 'x-should-retry': 'false' });
    expect(openAi.body.error.code).toBe('insufficient_quota');
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
  });

  it('does not replace the wallet: an empty wallet is reported as such', async () => {
    const ada = await app.newUser({ tokens: 250 });
    const key = await makeKey(app.http, ada, { limit: 1000 });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => ask(key.caller, n % 2 ? 'echo' : 'flat:good')),
    );
    expect(answered(answers)).toBe(2);
    for (const { headers } of refused(answers)) expect(headers['tokens-limit']).toBeUndefined();
    expect(await usedOf(ada, key)).toBe(200);
    await assertExplained();
  });

  it('gets back what was held and not spent, also for a failed answer', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { limit: 2000 });
    expect((await ask(key.caller, 'metered:good')).status).toBe(200);
    const spent = 4000 - (await ada.balance());
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThan(100);
    expect(await usedOf(ada, key)).toBe(spent);
    expect((await ask(key.caller, 'flat:refuses')).status).toBe(502);
    expect(await usedOf(ada, key)).toBe(spent);
    await assertExplained();
  });

  it('shortens an answer priced per token to its room, and not without a limit', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { limit: 160 });
    const lengthAsked = async (caller: Caller): Promise<unknown> => {
      const calls = upstream.calls.length;
      expect((await ask(caller, 'metered:good')).status).toBe(200);
      return upstream.calls[calls]?.body['max_tokens'];
    };
    expect((await ask(key.caller, 'echo')).status).toBe(200);
    const asked = await lengthAsked(key.caller);
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(30);
    expect(await usedOf(ada, key)).toBeLessThanOrEqual(160);
    const unlimited = await makeKey(app.http, ada);
    expect(await lengthAsked(unlimited.caller)).toBeGreaterThan(30);
  });

  /** Starts an answer that does not end, so that its hold stays open. */
  const hang = async (key: MadeKey, owner: Caller, before = 0) => {
    const left = new AbortController();
    const gone = key.caller
      .send('POST', '/api/chat/', { message: 'hi', model: 'flat:hangs' }, {}, left.signal)
      .catch(() => undefined);
    await until(async () => (await usedOf(owner, key)) === before + 100);
    return async () => {
      left.abort();
      await gone;
    };
  };
  const capOf = async ({ id }: MadeKey) => {
    const [cap] = await app.database.rows<{ id: string }>(
      'SELECT cap_id AS id FROM api_keys WHERE id = $1',
      [id],
    );
    return cap?.id;
  };

  it('counts holds, and gets back an expired hold', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { limit: 199 });
    const leave = await hang(key, ada);
    expect((await ask(key.caller, 'echo')).status).toBe(402);
    await app.database.rows(
      `UPDATE holds SET expires_at = 1 WHERE cap_id = $1 AND state = 'open'`,
      [await capOf(key)],
    );
    await app.nest.get(HoldSweeper).sweep();
    expect(await usedOf(ada, key)).toBe(0);
    await leave();
    expect((await ask(key.caller, 'echo')).status).toBe(200);
    expect(await usedOf(ada, key)).toBe(100);
    await assertExplained();
  });

  it.each(['daily', 'monthly'])(
    'starts a new period without a job, %s; holds continue',
    async (reset) => {
      const ada = await app.newUser();
      const key = await makeKey(app.http, ada, { limit: 300, limit_reset: reset });
      await ask(key.caller, 'echo');
      const leave = await hang(key, ada, 100);
      expect(await usedOf(ada, key)).toBe(200);
      await app.database.rows(
        'UPDATE spending_caps SET spent_period = spent_period - 1 WHERE id = $1',
        [await capOf(key)],
      );
      expect(await usedOf(ada, key)).toBe(100);
      const calls = upstream.calls.length;
      await ask(key.caller, 'flat:good');
      expect(upstream.calls).toHaveLength(calls + 1);
      await leave();
      // The caller left before the first word, and pays the flat price in the current period.
      await until(async () => (await ada.get('/api/wallet/')).body.held === 0);
      expect(await usedOf(ada, key)).toBe(200);
      expect((await ask(key.caller, 'echo')).status).toBe(200);
      expect((await ask(key.caller, 'echo')).status).toBe(402);
      await assertExplained();
    },
  );

  it('counts for all time without a reset, and restarts if the reset changes', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { limit: 200 });
    await ask(key.caller, 'echo');
    await app.database.rows('UPDATE spending_caps SET created_at = 1 WHERE id = $1', [
      await capOf(key),
    ]);
    const change = (body: object) => ada.send('PATCH', `/api/keys/${key.id}/`, body);
    expect((await change({ limit: 150 })).body).toMatchObject({ used: 100, remaining: 50 });
    expect((await ask(key.caller, 'echo')).status).toBe(402);
    expect((await change({ limit_reset: null, limit: 50 })).body).toMatchObject({
      ...{ used: 100, remaining: 0 },
    });
    expect((await change({ limit_reset: 'monthly' })).body).toMatchObject({ used: 0 });
    expect((await change({ limit_reset: 'monthly', limit: 100 })).body).toMatchObject({ used: 0 });
    expect((await ask(key.caller, 'echo')).status).toBe(200);
    expect((await change({ limit_reset: 'monthly' })).body).toMatchObject({ used: 100 });
  });

  it('does not apply after its key is deleted: only the answer under way is paid', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { limit: 500 });
    const leave = await hang(key, ada);
    expect((await ada.send('DELETE', `/api/keys/${key.id}/`)).status).toBe(204);
    await leave();
    await until(async () => (await ada.get('/api/wallet/')).body.held === 0);
    expect(await ada.balance()).toBe(3900);
    expect((await ask(key.caller, 'echo')).status).toBe(401);
    await assertExplained();
  });
});

describe('the period of a cap', () => {
  it('is the day, the month, or none', () => {
    const now = nowMicros();
    expect(periodOf(null)).toBe(0);
    expect([dayOf(now), dayOf(now) + 1]).toContain(periodOf('daily'));
    expect([monthOf(now), monthOf(now) + 1]).toContain(periodOf('monthly'));
  });
});
