import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsFile } from '../support/models-file.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const KEYS = { OPENAI_KEY: 'sk-for-openai-alone', GEMINI_KEY: 'AIza-for-gemini-alone' };

/** Waits until every provider was called, so that all answers run at once. */
const answers =
  (text: string, everyoneIsAsked: () => Promise<void>): Behaviour =>
  async (call) => {
    await everyoneIsAsked();
    call.open();
    await call.delta(text);
    await call.finish();
    await call.usage(10, 5);
    await call.end();
  };

describe.each(databaseKinds)('several providers in one MODELS_FILE, on %s', (kind) => {
  const upstreams: Record<'openai' | 'gemini' | 'local', Upstream> = {} as never;
  let app: TestApp;

  beforeAll(async () => {
    for (const name of ['openai', 'gemini', 'local'] as const) {
      upstreams[name] = await Upstream.start({});
    }
    const { openai, gemini, local } = upstreams;
    const stoppedUpstream = await Upstream.start({});
    await stoppedUpstream.stop();
    const limits = { contextTokens: 8000, maxTokens: 400 };
    const model = (provider: string, price: object, more: object = {}) => ({
      ...{ id: `our-${provider}`, provider, upstream: `${provider}-model-1`, price },
      ...limits,
      ...more,
    });
    app = await TestApp.start(kind, {
      ...modelsFile({
        providers: {
          openai: { baseUrl: openai.baseUrl, apiKeyEnv: 'OPENAI_KEY' },
          // Gemini's compatible endpoint is not below /v1, and its documentation ends the URL with a slash.
          gemini: {
            baseUrl: gemini.baseUrl.replace('/v1', '/v1beta/openai/'),
            apiKeyEnv: 'GEMINI_KEY',
          },
          local: { baseUrl: local.baseUrl },
          down: { baseUrl: stoppedUpstream.baseUrl },
        },
        models: [
          model(
            'openai',
            { per1kPrompt: 1000, per1kCompletion: 4000 },
            { maxTokensField: 'max_completion_tokens' },
          ),
          model('gemini', { per1kPrompt: 500, per1kCompletion: 1500 }),
          model('local', { perMessage: 7 }),
          model('down', { perMessage: 9 }),
          model('local', { perMessage: 0 }, { id: 'meta/llama-3.2:1b' }),
        ],
      }),
      ...KEYS,
    });
  });
  afterAll(async () => {
    await app.close();
    for (const upstream of Object.values(upstreams)) await upstream.stop();
  });

  beforeEach(() => {
    const everyoneIsAsked = async () => {
      const isAsked = ({ calls }: Upstream) => calls.length > 0;
      while (!Object.values(upstreams).every(isAsked)) await new Promise((r) => setTimeout(r, 5));
    };
    for (const [name, { calls, behaviours }] of Object.entries(upstreams)) {
      calls.length = 0;
      behaviours[`${name}-model-1`] = answers(`I am ${name}.`, everyoneIsAsked);
    }
  });

  /** Returns the amount that each model has charged, from the ledger. */
  const charges = async (caller: Caller): Promise<Record<string, number>> => {
    const { results } = (await caller.get('/api/wallet/ledger/')).body as {
      results: { kind: string; reason: string; amount: number }[];
    };
    const rows = results.filter(({ kind: entry }) => entry === 'charge');
    return Object.fromEntries(rows.map(({ reason, amount }) => [reason, -amount]));
  };

  it('are all listed, the first as the default, and echo last', async () => {
    const ada = await app.newUser();
    const { body } = await ada.get('/v1/models');
    expect((body.data as { id: string }[]).map(({ id }) => id)).toEqual([
      ...['our-openai', 'our-gemini', 'our-local', 'our-down', 'meta/llama-3.2:1b', 'echo'],
    ]);
    const quote = await ada.send('POST', '/api/chat/quote/', { message: 'hi' });
    expect(quote.body.model).toBe('our-openai');
    expect(upstreams.openai.calls).toEqual([]);
  });

  it('may have models with a slash in their names', async () => {
    const ada = await app.newUser();
    const client = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: ada.token, maxRetries: 0 });
    expect((await client.models.retrieve('meta/llama-3.2:1b')).id).toBe('meta/llama-3.2:1b');
    await expect(client.models.retrieve('meta/llama')).rejects.toMatchObject({
      ...{ status: 404, code: 'model_not_found' },
    });
  });

  it('answer, each with its own name, key and price', async () => {
    const ada = await app.newUser();
    const asked = await Promise.all([
      ada.send('POST', '/api/chat/', { message: 'Who are you?' }),
      ada.send('POST', '/api/chat/', { message: 'Who are you?', model: 'our-gemini' }),
      ada.send('POST', '/v1/chat/completions', {
        model: 'our-local',
        messages: [{ role: 'user', content: 'Who are you?' }],
      }),
      ada.send('POST', '/api/chat/', { message: 'Who are you?', model: 'echo' }),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const [openai, gemini, local] = asked;
    expect([
      openai.body.response,
      gemini.body.response,
      local.body.choices[0].message.content,
    ]).toEqual([...['I am openai.', 'I am gemini.', 'I am local.']]);
    const seen = Object.values(upstreams).map(({ calls, last: { path, headers, body } }) => ({
      ...{ calls: calls.length, path, key: headers.authorization, model: body.model },
      limits: [body['max_tokens'], body['max_completion_tokens']],
    }));
    expect(seen).toEqual([
      {
        ...{ calls: 1, path: '/v1/chat/completions', key: `Bearer ${KEYS.OPENAI_KEY}` },
        ...{ model: 'openai-model-1', limits: [undefined, 400] },
      },
      {
        ...{ calls: 1, path: '/v1beta/openai/chat/completions', key: `Bearer ${KEYS.GEMINI_KEY}` },
        ...{ model: 'gemini-model-1', limits: [400, undefined] },
      },
      {
        ...{ calls: 1, path: '/v1/chat/completions', key: undefined },
        ...{ model: 'local-model-1', limits: [400, undefined] },
      },
    ]);
    const everySecret = new RegExp(Object.values(KEYS).join('|'));
    for (const { raw, headers } of asked) {
      expect(raw + JSON.stringify(headers)).not.toMatch(everySecret);
    }
    // 10 and 5 model tokens: 10 x 1 + 5 x 4, and 10 x 0.5 + 5 x 1.5, rounded up.
    expect(await charges(ada)).toEqual({
      'chat message to our-openai': 30,
      'chat message to our-gemini': 13,
      'chat message to our-local': 7,
      'chat message to echo': 100,
    });
    expect(await ada.balance()).toBe(4000 - 150);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('fail separately: one that refuses and one that is down do not affect the others', async () => {
    const ada = await app.newUser();
    upstreams.local.behaviours['local-model-1'] = answers('I am local.', () => Promise.resolve());
    upstreams.gemini.behaviours['gemini-model-1'] = (call) => {
      call.open(500, 'application/json').response.end('{}');
    };
    const [gemini, local, down] = await Promise.all(
      ['our-gemini', 'our-local', 'our-down'].map((model) =>
        ada.send('POST', '/api/chat/', { message: 'Hi', model }),
      ),
    );
    expect(local?.status).toBe(200);
    for (const failed of [gemini, down]) {
      expect([failed?.status, failed?.body.code]).toEqual([502, 'provider_failed']);
    }
    expect(upstreams.openai.calls).toEqual([]);
    expect(await charges(ada)).toEqual({ 'chat message to our-local': 7 });
    expect(await ada.balance()).toBe(3993);
  });
});
