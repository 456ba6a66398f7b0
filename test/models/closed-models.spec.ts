import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { FLAT, modelsFile } from '../support/models-file.js';
import { Upstream } from '../support/upstream.js';

/** The id of an API key that no user here has. */
const KEY_ID = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';

describe('a model that is closed to the caller', () => {
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;
  beforeAll(async () => {
    upstream = await Upstream.start({});
    const model = (id: string, more: object = {}) => ({
      ...{ id, provider: 'far', upstream: 'good', price: FLAT },
      ...{ contextTokens: 4000, maxTokens: 100, ...more },
    });
    app = await TestApp.start('sqlite', {
      ...modelsFile({
        providers: { far: { baseUrl: upstream.baseUrl } },
        models: [model('vendor/secret:1', { keys: [KEY_ID] }), model('vendor/open:1')],
      }),
    });
    ada = await app.newUser();
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  it('is not listed, and is not the default, though it comes first', async () => {
    const { body } = await ada.get('/v1/models');
    expect(body.data).toMatchObject([
      { id: 'vendor/open:1', price: FLAT, context_length: 4000 },
      { id: 'echo', price: { perMessage: 100 } },
    ]);
    const quote = await ada.send('POST', '/api/chat/quote/', { message: 'Hi' });
    expect(quote.body.model).toBe('vendor/open:1');
  });

  it('is reported as unknown on every API, and nothing is charged', async () => {
    const message = 'Hi';
    const messages = [{ role: 'user', content: message }];
    const { id } = (await ada.send('POST', '/api/conversations/', {})).body as { id: string };
    const requestsFor = (model: string) => [
      ada.send('GET', `/v1/models/${model}`),
      ada.send('GET', `/v1/models/${encodeURIComponent(model)}`),
      ada.send('POST', '/v1/chat/completions', { model, messages }),
      ada.send('POST', '/v1/chat/completions', { model, messages, stream: true }),
      ada.send('POST', '/api/chat/', { message, model }),
      ada.send('POST', '/api/chat/', { message, model, stream: true }),
      ada.send('POST', '/api/chat/quote/', { message, model }),
      ada.send('POST', `/api/conversations/${id}/messages/`, { message, model }),
      ada.send('POST', '/api/conversations/', { model }),
      ada.send('PATCH', `/api/conversations/${id}/`, { model }),
    ];
    const answersFor = async (model: string) =>
      (await Promise.all(requestsFor(model))).map(({ status, raw }) => [
        status,
        raw.replaceAll(model, 'NAME'),
      ]);
    const closed = await answersFor('vendor/secret:1');
    expect(closed).toEqual(await answersFor('vendor/unknown:1'));
    expect(closed.map(([status]) => status)).toEqual([
      ...[404, 404, 404, 404],
      ...[400, 400, 400, 400, 400, 400],
    ]);
    expect(closed[0]?.[1]).toContain('"code":"model_not_found"');
    expect(upstream.calls).toEqual([]);
    expect(await ada.balance()).toBe(4000);
  });
});
