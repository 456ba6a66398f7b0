import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { FLAT, METERED, modelsFile } from '../support/models-file.js';
import { Upstream } from '../support/upstream.js';

const MAX_TOKENS = 5;
const IMAGE_TOKENS = 100;
/** 400 KB, the size of a photo. */
const PHOTO = `data:image/jpeg;base64,${Buffer.alloc(400_000, 7).toString('base64')}`;

const picture = (url: string) => ({ type: 'image_url', image_url: { url } });
const text = { type: 'text', text: 'What is it?' };

describe('pictures and files in a prompt', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start({
      m: async (call) => {
        call.open();
        await call.delta('A cat.');
        await call.finish();
        await call.end();
      },
    });
    const model = (id: string, price: object, more: object = {}) => ({
      ...{ id, provider: 'one', upstream: 'm', price, contextTokens: 128_000 },
      ...{ maxTokens: MAX_TOKENS, ...more },
    });
    app = await TestApp.start(
      'sqlite',
      modelsFile({
        providers: { one: { baseUrl: upstream.baseUrl } },
        models: [
          model('flat', FLAT),
          model('flat:two', FLAT, { imagesMax: 2 }),
          model('metered', METERED),
          model('metered:pictures', METERED, { imageTokens: IMAGE_TOKENS }),
        ],
      }),
    );
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const complete = (caller: Caller, model: string, parts: object[], more: object = {}) =>
    caller.send('POST', '/v1/chat/completions', {
      ...{ model, messages: [{ role: 'user', content: [text, ...parts] }], ...more },
    });

  it('are counted by number, not by base64 length', async () => {
    const ada = await app.newUser();
    const { status, body } = await complete(ada, 'metered:pictures', [picture(PHOTO)]);
    expect(status).toBe(200);
    // The message counts as 4, its text in JSON as 13, and the picture as `IMAGE_TOKENS`.
    expect(body.usage.prompt_tokens).toBe(IMAGE_TOKENS + 4 + 13);
    expect(await ada.balance()).toBe(4000 - IMAGE_TOKENS - 17 - 4);
    expect((await complete(ada, 'flat', [picture(PHOTO)])).status).toBe(200);
    expect(upstream.last.body.messages[0]?.content).toEqual([text, picture(PHOTO)]);
  });

  it('are held at their price: a hundred cost a hundred times the price, or 402', async () => {
    const photos = Array.from({ length: 100 }, () => picture('https://pictures.test/a.png'));
    const ada = await app.newUser({ tokens: 100 * IMAGE_TOKENS });
    const calls = upstream.calls.length;
    expect((await complete(ada, 'metered:pictures', photos)).status).toBe(402);
    expect(upstream.calls).toHaveLength(calls);
    const eve = await app.newUser({ tokens: 200 * IMAGE_TOKENS });
    expect((await complete(eve, 'metered:pictures', photos)).status).toBe(200);
    expect(await eve.balance()).toBeLessThan(100 * IMAGE_TOKENS);
    expect(await ada.balance()).toBe(100 * IMAGE_TOKENS);
  });

  const many = (count: number) => Array.from({ length: count }, () => picture(PHOTO.slice(0, 50)));
  it.each<[string, string, object[]]>([
    ['a picture that has no price', 'metered', many(1)],
    ['more than 10 at a flat price', 'flat', many(11)],
    ['more than the model takes', 'flat:two', many(3)],
    ['a file by the model token', 'metered:pictures', [{ type: 'file', file: { file_id: 'x' } }]],
    ['sound by the model token', 'metered:pictures', [{ type: 'input_audio', input_audio: {} }]],
    ['a film as a picture', 'metered:pictures', [picture('data:video/mp4;base64,AAAA')]],
    ['a picture without a URL', 'flat', [{ type: 'image_url' }]],
    [
      'files, more than there may be pictures',
      'flat:two',
      [...many(2), { type: 'file', file: {} }],
    ],
  ])('%s: 400, and nobody is asked', async (_, model, parts) => {
    const ada = await app.newUser();
    const calls = upstream.calls.length;
    const { status, body } = await complete(ada, model, parts);
    expect([status, body.error.param]).toEqual([400, 'messages']);
    expect(upstream.calls).toHaveLength(calls);
    expect(await ada.balance()).toBe(4000);
  });

  it('do not forward fields that could cost more than the hold', async () => {
    const ada = await app.newUser();
    const picture = { image_url: { url: 'https://example.test/a.png' } };
    const marked = { ...text, ...picture, cache_control: { type: 'ephemeral' } };
    const { status } = await ada.send('POST', '/v1/chat/completions', {
      model: 'flat',
      messages: [{ role: 'user', content: [marked], audio: { id: 'a' }, images: [PHOTO] }],
      tools: [{ type: 'function', function: { name: 'f' }, google_search: {} }],
    });
    expect(status).toBe(200);
    expect(upstream.last.body.messages).toEqual([{ role: 'user', content: [text] }]);
    expect(upstream.last.body['tools']).toEqual([{ type: 'function', function: { name: 'f' } }]);
    expect(await ada.balance()).toBe(3900);
  });
});
