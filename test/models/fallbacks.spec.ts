import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsFile } from '../support/models-file.js';
import { Upstream, type Behaviour, type UpstreamCall } from '../support/upstream.js';

const TIMEOUT_SECONDS = 4;
const MESSAGES = [{ role: 'user', content: 'Hi' }];

const succeeds = async (call: UpstreamCall) => {
  call.open();
  await call.delta(`I am ${call.body.model}`);
  await call.finish();
  await call.usage(10, 5);
  await call.end();
};
const refuse =
  (status: number): Behaviour =>
  (call) => {
    call.open(status, 'application/json').response.end('{"error":{"message":"no"}}');
  };

describe.each(databaseKinds)('the fallbacks of a model, on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;
  /** The behaviour of the first model. */
  let failing: Behaviour = succeeds;
  let expensive: Behaviour = succeeds;
  /** The largest amount held during a call of a model. */
  let held = 0;

  beforeAll(async () => {
    upstream = await Upstream.start({
      first: (call) => failing(call),
      dear: async (call) => {
        held = Math.max(held, ((await ada.get('/api/wallet/')).body as { held: number }).held);
        await expensive(call);
      },
      metered: succeeds,
      small: succeeds,
    });
    const nobody = await Upstream.start({});
    await nobody.stop();
    const model = (id: string, price: object, more: object = {}) => ({
      ...{ id, provider: 'far', upstream: id, price, contextTokens: 4000, maxTokens: 100 },
      ...more,
    });
    app = await TestApp.start(kind, {
      ...modelsFile({
        providers: { far: { baseUrl: upstream.baseUrl }, down: { baseUrl: nobody.baseUrl } },
        models: [
          model('first', { perMessage: 10 }, { fallbacks: ['dear'] }),
          model('dear', { perMessage: 50 }, { fallbacks: ['metered'] }),
          model('metered', { per1kPrompt: 1000, per1kCompletion: 2000 }),
          model('off', { perMessage: 10 }, { provider: 'down', fallbacks: ['small', 'dear'] }),
          model('small', { perMessage: 1 }, { contextTokens: 20, maxTokens: 10 }),
          model('last', { perMessage: 10 }, { provider: 'down', fallbacks: ['echo'] }),
        ],
      }),
      ANSWER_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS),
      PROVIDER_REST_SECONDS: '0',
    });
    ada = await app.newUser({ tokens: 100_000 });
  });
  afterEach(async () => {
    [failing, expensive, held] = [succeeds, succeeds, 0];
    expect(await app.database.rows(`SELECT id FROM holds WHERE state = 'open'`)).toEqual([]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  interface Asked {
    readonly answer: Answer;
    readonly asked: string[];
    readonly charged: number;
  }

  async function ask(path: string, body: object, headers?: Record<string, string>): Promise<Asked> {
    const calls = upstream.calls.length;
    const balance = await ada.balance();
    const answer = await ada.send('POST', path, body, headers);
    const asked = upstream.calls.slice(calls).map((call) => call.body.model);
    return { answer, asked, charged: balance - (await ada.balance()) };
  }
  const newest = async () => {
    const turn = (await ada.get('/api/chat/?page_size=1')).body.results[0] as object;
    const entry = (await ada.get('/api/wallet/ledger/?page_size=1')).body.results[0] as object;
    return { turn, entry };
  };

  it('are not called while the model itself answers, and appear in no header', async () => {
    const { answer, asked, charged } = await ask('/api/chat/', { message: 'Hi' });
    expect([answer.body.response, asked, charged]).toEqual(['I am first', ['first'], 10]);
    expect(answer.headers['model']).toBeUndefined();
  });

  it.each([500, 503, 429, 401, 404])(
    'answer after %i, once, at their own price, and are named in header, history and ledger',
    async (status) => {
      failing = refuse(status);
      const { answer, asked, charged } = await ask('/api/chat/', { message: 'Hi' });
      expect([answer.status, answer.body.response]).toEqual([200, 'I am dear']);
      expect([asked, charged]).toEqual([['first', 'dear'], 50]);
      expect([answer.headers['model'], answer.headers['tokens-charged']]).toEqual(['dear', '50']);
      const { turn, entry } = await newest();
      expect(turn).toMatchObject({ model: 'dear', status: 'complete', tokens: 50 });
      expect(entry).toMatchObject({ amount: -50, reason: 'chat message to dear' });
      // The hold covers the most expensive model: the whole answer of the metered one, and the bound of its prompt.
      expect(held).toBeGreaterThanOrEqual(200);
    },
  );

  it('answer if the provider is down, except those that the question does not fit', async () => {
    const message = 'Hi '.repeat(50);
    const { asked, charged } = await ask('/api/chat/', { message, model: 'off' });
    expect([asked, charged]).toEqual([['dear'], 50]);
    const echo = await ask('/v1/chat/completions', { model: 'last', messages: MESSAGES });
    expect([echo.answer.body.model, echo.answer.headers['model']]).toEqual(['echo', 'echo']);
    expect([echo.asked, echo.charged]).toEqual([[], 100]);
  });

  it('are named in `model` on /v1, and charged for their own model tokens', async () => {
    failing = refuse(500);
    expensive = refuse(500);
    const body = { model: 'first', messages: MESSAGES };
    const { answer, asked, charged } = await ask('/v1/chat/completions', body);
    expect(answer.body).toMatchObject({ model: 'metered', usage: { total_tokens: 15 } });
    expect([asked, charged, answer.headers['model']]).toEqual([
      ...[['first', 'dear', 'metered'], 20, 'metered'],
    ]);
  });

  it('answer in streams, on both APIs', async () => {
    failing = refuse(500);
    const chat = await ask('/api/chat/', { message: 'Hi', stream: true });
    expect(chat.answer.raw).toContain('"response":"I am dear"');
    expect([chat.asked, chat.charged]).toEqual([['first', 'dear'], 50]);
    const body = { model: 'first', messages: MESSAGES, stream: true };
    const completion = await ask('/v1/chat/completions', body);
    const chunks = completion.answer.raw
      .split('\n')
      .filter((line) => line.includes('"content":"I'));
    expect(chunks).toEqual([expect.stringContaining('"model":"dear"')]);
    expect(completion.charged).toBe(50);
    const heads = [chat.answer, completion.answer].map(({ headers }) => headers['model']);
    expect(heads).toEqual(['dear', 'dear']);
  });

  it('are named in the headers of a stream, which wait a bounded time for the first word', async () => {
    const body = { message: 'Hi', stream: true };
    const same = await ask('/api/chat/', body);
    expect([same.answer.headers['model'], same.charged]).toEqual([undefined, 10]);
    expect(same.answer.headers['turn-id']).toMatch(/^[\da-f-]{36}$/);
    [failing, expensive] = [refuse(500), refuse(500)];
    upstream.behaviours['metered'] = refuse(500);
    const nobody = await ask('/api/chat/', body);
    expect([nobody.answer.status, nobody.answer.headers['model']]).toEqual([200, undefined]);
    expect(nobody.answer.raw).toContain('"code":"provider_failed"');
    upstream.behaviours['metered'] = succeeds;
    expect(nobody.charged).toBe(0);
  });

  it('answer if the first model is silent for its share of the time', async () => {
    failing = (call) => call.aborted;
    const { answer, asked, charged } = await ask('/api/chat/', { message: 'Hi' });
    expect([answer.status, asked, charged]).toEqual([200, ['first', 'dear'], 50]);
  });

  it.each([400, 413, 422])(
    'are not called after %i, because the request is at fault',
    async (status) => {
      failing = refuse(status);
      const { answer, asked, charged } = await ask('/api/chat/', { message: 'Hi' });
      expect([answer.status, asked, charged]).toEqual([
        status === 422 ? 400 : status,
        ['first'],
        0,
      ]);
    },
  );

  it('are not called after the first word: the answer is broken', async () => {
    failing = async (call) => {
      call.open();
      await call.delta('Half');
      call.reset();
    };
    const { answer, asked, charged } = await ask('/api/chat/', { message: 'Hi' });
    expect([answer.status, asked, charged]).toEqual([502, ['first'], 0]);
  });

  it('report the failure of the first model if none answers, without a charge', async () => {
    [failing, expensive] = [refuse(503), refuse(400)];
    upstream.behaviours['metered'] = refuse(500);
    const { answer, asked, charged } = await ask('/api/chat/', { message: 'Hi' });
    upstream.behaviours['metered'] = succeeds;
    expect([answer.status, answer.body.code]).toEqual([503, 'provider_busy']);
    expect([asked, charged]).toEqual([['first', 'dear', 'metered'], 0]);
    expect((await newest()).turn).toMatchObject({ model: 'first', status: 'failed', tokens: 0 });
  });

  it('are replayed by a key without another call or charge, under the same name', async () => {
    failing = refuse(500);
    const body = { message: 'Hi', model: 'first' };
    const key = { 'Idempotency-Key': `fallback-${kind}` };
    const once = await ask('/api/chat/', body, key);
    const again = await ask('/api/chat/', body, key);
    expect([once.charged, again.charged, again.asked]).toEqual([50, 0, []]);
    expect(again.answer.raw).toBe(once.answer.raw);
    expect([once.answer.headers['model'], again.answer.headers['model']]).toEqual(['dear', 'dear']);
  });

  it('are covered by the hold: a wallet that covers only the first model gets 402 without a call', async () => {
    const poor = await app.newUser({ tokens: 40 });
    const calls = upstream.calls.length;
    const answer = await poor.send('POST', '/api/chat/', { message: 'Hi', model: 'off' });
    expect([answer.status, answer.headers['tokens-required']]).toEqual([402, '50']);
    expect([upstream.calls.length - calls, await poor.balance()]).toEqual([0, 40]);
    const quote = await poor.send('POST', '/api/chat/quote/', { message: 'Hi', model: 'off' });
    expect(quote.body).toMatchObject({ model: 'off', tokens: 1 });
    expect(quote.body.ceiling).toBeGreaterThanOrEqual(200);
  });
});
