import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { makeKey } from '../support/api-keys.js';
import { databaseKinds } from '../support/databases.js';
import { answerJson, embed, vectorAt } from '../support/embeddings.js';
import { auditOf } from '../support/full-audit.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { modelsOf } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream, type UpstreamCall } from '../support/upstream.js';

const PATH = '/v1/embeddings';
const SECRET = 'a sentence that nobody keeps';
const listOf = (...all: unknown[]) => all.map((embedding) => ({ embedding }));

describe.each(databaseKinds)('embeddings, on %s', (kind) => {
  keepWithinOneDay();
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;
  let waiting: UpstreamCall[] = [];

  beforeAll(async () => {
    upstream = await Upstream.start({
      good: embed,
      greedy: answerJson({ data: listOf([1]), usage: { prompt_tokens: 1_000_000_000 } }),
      vague: answerJson({ data: listOf([1]), usage: { prompt_tokens: -1, total_tokens: 'x' } }),
      marked: (call) => {
        const body = { data: [{ index: null, embedding: vectorAt(0) }] };
        call.open(200, 'application/json').response.end(`\ufeff${JSON.stringify(body)}`);
      },
      renamed: answerJson({ data: listOf([1]), usage: { prompt_tokens: 0, input_tokens: 9 } }),
      total: answerJson({ data: listOf([1]), error: null, usage: { total_tokens: 9 } }),
      slow: (call) => void waiting.push(call),
    });
    const names = ['good', 'greedy', 'vague', 'marked', 'renamed', 'total', 'slow'];
    app = await TestApp.start(kind, modelsOf(upstream.baseUrl, names));
    ada = await app.newUser({ tokens: 100_000 });
  });
  afterEach(async () => {
    waiting = [];
    expect(await app.database.rows(`SELECT id FROM holds WHERE state = 'open'`)).toEqual([]);
    expect(await app.database.count('turns')).toBe(0);
    expect(await app.database.count('conversations')).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
  afterAll(async () => {
    const report = await auditOf(app.databaseUrl);
    expect([report.differences, report.missing]).toEqual([[], []]);
    await app.close();
    await upstream.stop();
  });

  const ask = async (fields: object, caller = ada) => {
    const calls = upstream.calls.length;
    const balance = await caller.balance();
    const response = await caller.send('POST', PATH, { model: 'metered:good', ...fields });
    const charged = balance - (await caller.balance());
    return { response, charged, asked: upstream.calls.length - calls };
  };
  const held = async () => ((await ada.get('/api/wallet/')).body as { held: number }).held;

  it('of a text have OpenAI’s format, at the price of the provider’s count', async () => {
    const { response, charged, asked } = await ask({
      input: SECRET,
      dimensions: 3,
      user: 'u1',
      n: 9,
    });
    expect(response.body).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: vectorAt(0) }],
      model: 'metered:good',
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    expect([response.status, response.headers['tokens-charged'], charged, asked]).toEqual([
      200,
      '7',
      7,
      1,
    ]);
    expect(upstream.last.path).toBe(PATH);
    const sent = { model: 'good', input: SECRET, dimensions: 3, user: 'u1' };
    expect(upstream.last.body).toEqual(sent);
  });

  it('have one ledger entry with model and key, and no text in the database', async () => {
    const key = await makeKey(app.http, ada, { name: 'indexer', scopes: ['chat'], limit: 1000 });
    const response = await key.caller.send('POST', PATH, {
      model: 'metered:good',
      input: [SECRET],
    });
    expect(response.status).toBe(200);
    const [entry] = (await ada.get('/api/wallet/ledger/?page_size=1')).body.results as object[];
    expect(entry).toMatchObject({
      ...{ amount: -7, kind: 'charge', reason: 'embeddings by metered:good' },
      ...{ model: 'metered:good', key: 'indexer', turn: null },
    });
    expect(await ada.history()).toEqual([]);
    for (const table of await app.database.tables()) {
      const rows = await app.database.rows(`SELECT * FROM ${table}`);
      expect(JSON.stringify(rows)).not.toContain(SECRET);
    }
  });

  it('of many texts or lists of model tokens cost one flat price, in either form', async () => {
    const inputs = [['one', 'two'], [[1, 2], [3]], [5, 6, 7], ['x'], 'x'];
    for (const input of inputs) {
      const { response, charged } = await ask({
        model: 'flat:good',
        input,
        encoding_format: 'float',
      });
      const { data: list } = response.body as { data: { index: number; embedding: number[] }[] };
      const wanted = input === inputs[0] || input === inputs[1] ? [0, 1] : [0];
      expect(list.map(({ index }) => index)).toEqual(wanted);
      expect(list.map(({ embedding }) => embedding)).toEqual(wanted.map(vectorAt));
      expect([upstream.last.body['input'], charged]).toEqual([input, 100]);
    }
    const packed = await ask({ input: ['one', 'two'], encoding_format: 'base64' });
    expect(packed.response.body.data[1].embedding).toBe('AADAPwAAoL8AAEBA');
  });

  it.each(['renamed', 'total'])('cost the count of the prompt by any name: %s', async (name) => {
    const { response, charged } = await ask({ model: `metered:${name}`, input: SECRET });
    expect([response.status, charged, response.body.usage.prompt_tokens]).toEqual([200, 9, 9]);
  });

  it('are read after a byte order mark, and with null for their place', async () => {
    const { response, charged } = await ask({ model: 'flat:marked', input: 'x' });
    const [first] = (response.body as { data: object[] }).data;
    expect([first, charged]).toEqual([
      { object: 'embedding', index: 0, embedding: vectorAt(0) },
      100,
    ]);
  });

  it('of 2,048 inputs arrive complete, in order, as base64', async () => {
    const input = Array.from({ length: 2048 }, (_, n) => `text ${String(n)}`);
    const { response, charged } = await ask({ input });
    const { data: list } = response.body as { data: { embedding: number[] }[] };
    expect(list.map(({ embedding }) => embedding)).toEqual(input.map((_, n) => vectorAt(n)));
    expect([upstream.last.body['encoding_format'], charged]).toEqual(['base64', 7]);
  });

  it('of 99,000 model tokens are accepted, and of more than 100,000 refused unread', async () => {
    const tokens = (count: number) => Array.from({ length: 3 }, () => Array<number>(count).fill(5));
    expect((await ask({ input: tokens(33_000) })).charged).toBe(7);
    const { response, charged, asked } = await ask({ input: tokens(34_000) });
    expect([response.status, charged, asked]).toEqual([400, 0, 0]);
  });

  it('are held at a model token per byte, without an open transaction during the call', async () => {
    const asked = ask({ model: 'metered:slow', input: ['äöü', 'abc'] });
    await until(() => waiting.length === 1);
    expect(await held()).toBe(6 + 3 + 2 * 4);
    // If a transaction were open, this request would wait.
    expect((await ask({ model: 'flat:good', input: 'x' })).response.status).toBe(200);
    for (const call of waiting) await embed(call);
    expect((await asked).response.status).toBe(200);
    expect(await held()).toBe(0);
  });

  it('cost at most the hold, and the estimate if the provider reports no count', async () => {
    expect((await ask({ model: 'metered:greedy', input: 'x'.repeat(30) })).charged).toBe(34);
    expect((await ask({ model: 'metered:vague', input: 'x'.repeat(30) })).charged).toBe(10);
  });

  it('are paid once for each request that the balance covers, and the others get 402', async () => {
    const bob = await app.newUser({ tokens: 350 });
    const calls = upstream.calls.length;
    const body = { model: 'flat:good', input: 'x' };
    const all = await Promise.all(Array.from({ length: 9 }, () => bob.send('POST', PATH, body)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(3);
    const refused = all.filter(({ status }) => status === 402);
    expect(refused).toHaveLength(6);
    expect(refused[0]?.body.error.code).toBe('insufficient_quota');
    expect([upstream.calls.length - calls, await bob.balance()]).toEqual([3, 50]);
  });

  it("are held to the owner's daily limit, and to a key's scopes and cap", async () => {
    const bob = await app.newUser();
    await bob.send('PUT', '/api/wallet/limits/', { daily: 150 });
    const body = { model: 'flat:good', input: 'x' };
    const statuses = [];
    for (const caller of [bob, bob]) statuses.push((await caller.send('POST', PATH, body)).status);
    const eve = await app.newUser();
    const reader = await makeKey(app.http, eve, { scopes: ['history'] });
    const capped = await makeKey(app.http, eve, { scopes: ['chat'], limit: 100 });
    for (const { caller } of [reader, capped, capped]) {
      statuses.push((await caller.send('POST', PATH, body)).status);
    }
    expect(statuses).toEqual([200, 402, 403, 200, 402]);
    expect([await bob.balance(), await eve.balance()]).toEqual([3900, 3900]);
  });

  it.each([
    ['flat:slow', 100],
    ['metered:slow', 10],
  ])('by the model %s end when the caller leaves, and cost %i tokens', async (model, price) => {
    const balance = await ada.balance();
    const leaving = new AbortController();
    const body = { model, input: 'x'.repeat(30) };
    const asked = ada.send('POST', PATH, body, {}, leaving.signal).catch(() => undefined);
    await until(() => waiting.length === 1);
    leaving.abort();
    await asked;
    await waiting[0]?.aborted;
    await until(async () => (await held()) === 0);
    expect(balance - (await ada.balance())).toBe(price);
  });

  it('are not returned or charged after their hold has expired', async () => {
    const asked = ask({ model: 'flat:slow', input: 'x' });
    await until(() => waiting.length === 1);
    await app.database.rows(`UPDATE holds SET expires_at = 1 WHERE state = 'open'`);
    await app.nest.get(HoldSweeper).sweep();
    for (const call of waiting) await embed(call);
    const { response, charged } = await asked;
    expect([response.status, response.body.error.code, charged]).toEqual([503, 'unavailable', 0]);
  });
});
