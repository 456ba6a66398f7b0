import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { makeKey } from '../support/api-keys.js';
import type { Caller } from '../support/client.js';
import { FLAT, modelsFile } from '../support/models-file.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const answer: Behaviour = async (call) => {
  call.open();
  await call.delta('Hello');
  await call.finish();
  await call.end();
};
const KEYED = 'vendor/keyed:1';
const SCOPED = 'vendor/scoped:1';
const OPEN = 'vendor/open:1';
/** The id of the key in the models file. */
const KEY_ID = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';
const CALLERS = ['session', 'listed', 'other', 'scoped'];

/** The callers that may use each model. */
const ALLOWED_CALLERS: Readonly<Record<string, readonly string[]>> = {
  [KEYED]: ['listed'],
  [SCOPED]: ['session', 'scoped'],
  [OPEN]: CALLERS,
};

/** The routes that accept a model, and their status for an unknown one. */
const ROUTES: Readonly<
  Record<string, { path: string; body: (model: string) => object; refusal: number }>
> = {
  chat: { path: '/api/chat/', body: (model) => ({ message: 'Hi', model }), refusal: 400 },
  'useChat()': {
    path: '/api/chat/',
    body: (model) => ({
      ...{ id: `chat-${model}`, model, trigger: 'submit-message' },
      messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
    }),
    refusal: 400,
  },
  'chat completions': {
    path: '/v1/chat/completions',
    body: (model) => ({ model, messages: [{ role: 'user', content: 'Hi' }] }),
    refusal: 404,
  },
  responses: { path: '/v1/responses', body: (model) => ({ model, input: 'Hi' }), refusal: 404 },
  'responses as a stream': {
    path: '/v1/responses',
    body: (model) => ({ model, input: 'Hi', stream: true }),
    refusal: 404,
  },
  embeddings: { path: '/v1/embeddings', body: (model) => ({ model, input: 'Hi' }), refusal: 404 },
};

describe('a model that is closed by keys or scopes', () => {
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;
  let callers: Record<string, Caller> = {};

  beforeAll(async () => {
    upstream = await Upstream.start({
      good: (call) => {
        if (call.path.endsWith('/embeddings')) {
          call.open(200, 'application/json').response.end('{"data":[{"embedding":[1]}]}');
          return undefined;
        }
        return answer(call);
      },
    });
    const model = (id: string, more: object = {}) => ({
      ...{ id, provider: 'far', upstream: 'good', price: FLAT },
      ...{ contextTokens: 4000, maxTokens: 100, ...more },
    });
    app = await TestApp.start(
      'sqlite',
      modelsFile({
        providers: { far: { baseUrl: upstream.baseUrl } },
        models: [
          model(KEYED, { keys: [KEY_ID.toUpperCase()] }),
          model(SCOPED, { scopes: ['chat', 'wallet'] }),
          model(OPEN),
        ],
      }),
    );
    ada = await app.newUser({ tokens: 100_000 });
    const keyOf = (scopes: string[]) => makeKey(app.http, ada, { scopes });
    const [listed, other, scoped] = [
      await keyOf(['chat']),
      await keyOf(['chat', 'history']),
      await keyOf(['wallet', 'chat']),
    ];
    await app.database.inTransaction(async (rows) => {
      await rows('PRAGMA defer_foreign_keys = ON');
      await rows('UPDATE api_keys SET id = $1 WHERE id = $2', [KEY_ID, listed.id]);
      await rows('UPDATE api_key_secrets SET key_id = $1 WHERE key_id = $2', [KEY_ID, listed.id]);
    });
    callers = { session: ada, listed: listed.caller, other: other.caller, scoped: scoped.caller };
  });
  afterEach(async () => {
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const callerOf = (name: string) => callers[name] ?? ada;

  it.each(Object.keys(ROUTES))(
    'by %s answers allowed callers, and does not exist for others',
    async (route) => {
      const { path, body, refusal } = ROUTES[route] ?? { path: '', body: () => ({}), refusal: 0 };
      for (const [model, allowed] of Object.entries(ALLOWED_CALLERS)) {
        for (const name of CALLERS) {
          const [calls, balance] = [upstream.calls.length, await ada.balance()];
          const response = await callerOf(name).send('POST', path, body(model));
          const [asked, charged] = [upstream.calls.length - calls, balance - (await ada.balance())];
          const expected = allowed.includes(name) ? [200, 1, 100] : [refusal, 0, 0];
          expect([model, name, response.status, asked, charged]).toEqual([
            model,
            name,
            ...expected,
          ]);
          if (response.status === 200) continue;
          const unknown = await callerOf(name).send('POST', path, body('vendor/nobody:1'));
          expect(response.raw.replaceAll(model, '')).toBe(
            unknown.raw.replaceAll('vendor/nobody:1', ''),
          );
        }
      }
    },
  );

  it('is listed and is the default for allowed callers only', async () => {
    for (const name of CALLERS) {
      const { body } = await callerOf(name).get('/v1/models');
      const ids = (body as { data: { id: string }[] }).data.map(({ id }) => id);
      const expected = [KEYED, SCOPED, OPEN].filter((model) =>
        ALLOWED_CALLERS[model]?.includes(name),
      );
      expect([name, ids]).toEqual([name, [...expected, 'echo']]);
      const quote = await callerOf(name).send('POST', '/api/chat/quote/', { message: 'Hi' });
      expect([name, quote.body.model]).toEqual([name, expected[0]]);
    }
  });
});
