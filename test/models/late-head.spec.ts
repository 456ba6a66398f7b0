import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { FLAT, modelsFile } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream, type UpstreamCall } from '../support/upstream.js';

describe('the headers of a stream that may use a fallback', () => {
  let upstream: Upstream;
  let app: TestApp;
  const calls: UpstreamCall[] = [];
  beforeAll(async () => {
    upstream = await Upstream.start({ slow: (call) => void calls.push(call) });
    const model = (id: string, more: object = {}) => ({
      ...{ id, provider: 'far', upstream: 'slow', price: FLAT },
      ...{ contextTokens: 4000, maxTokens: 100, ...more },
    });
    app = await TestApp.start('sqlite', {
      ...modelsFile({
        providers: { far: { baseUrl: upstream.baseUrl } },
        models: [model('slow', { fallbacks: ['other'] }), model('other')],
      }),
    });
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  it('are sent after some seconds without a word, and the answer follows', async () => {
    const ada = await app.newUser();
    const asked = fetch(`${app.url}/api/chat/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ada.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ message: 'Hi', stream: true }),
    });
    await until(() => calls.length === 1);
    const { headers, body } = await asked;
    expect([headers.get('model'), calls.length]).toEqual([null, 1]);
    expect(headers.get('turn-id')).toMatch(/^[\da-f-]{36}$/);
    for (const call of calls) {
      call.open();
      await call.delta('Hello');
      await call.finish();
      await call.end();
    }
    expect(await new Response(body).text()).toContain('"response":"Hello"');
    expect(await ada.balance()).toBe(3900);
  });
});
