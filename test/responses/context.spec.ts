import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { FLAT, METERED, modelsFile } from '../support/models-file.js';
import { respond, saying } from '../support/responses.js';
import { Upstream } from '../support/upstream.js';

describe('what a response goes on with', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start({ says: saying('Hello') });
    const model = { provider: 'loopback', upstream: 'says', contextTokens: 1000, maxTokens: 100 };
    const models = [
      { id: 'flat', ...model, price: FLAT },
      { id: 'metered', ...model, price: METERED },
    ];
    const providers = { loopback: { baseUrl: upstream.baseUrl } };
    app = await TestApp.start('sqlite', modelsFile({ providers, models }));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  it('pays for what it goes on with, and is refused or cut where that is too long', async () => {
    const ada = await app.newUser({ tokens: 100_000 });
    const words = 'word '.repeat(200);
    const first = await respond(ada, { model: 'flat', input: words });
    const second = { previous_response_id: first.body.id, input: words };
    const { id } = (await respond(ada, { model: 'flat', ...second })).body;
    const third = { model: 'metered', previous_response_id: id, input: words };
    const calls = upstream.calls.length;
    const balance = await ada.balance();
    const refused = await respond(ada, third);
    expect([refused.status, refused.body.error.param]).toEqual([400, 'input']);
    expect([upstream.calls.length, await ada.balance()]).toEqual([calls, balance]);
    const cut = await respond(ada, { ...third, truncation: 'auto' });
    expect([cut.status, cut.body.truncation]).toEqual([200, 'auto']);
    expect(upstream.last.body.messages.map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'user'],
    ]);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    // 10 and 5 model tokens, at 1 and 2 for each.
    expect(await ada.balance()).toBe(balance - 20);
  });

  it('refers to an item any number of times, for no more than 4 MiB in all', async () => {
    const ada = await app.newUser({ tokens: 10_000 });
    const { body } = await respond(ada, { input: 'm'.repeat(90_000) });
    const [{ id }] = body.output as [{ id: string }];
    const referring = (count: number) =>
      respond(ada, {
        input: [
          ...Array<object>(count).fill({ type: 'item_reference', id }),
          { role: 'user', content: 'on' },
        ],
      });
    expect((await referring(3)).status).toBe(200);
    const balance = await ada.balance();
    // As one text it would be longer than a string may be.
    const { status, body: refusal } = await referring(9_000);
    expect([status, refusal.error.param]).toEqual([400, 'input']);
    expect(await ada.balance()).toBe(balance);
  });

  it('goes on with no more than 4 MiB of what was said before', async () => {
    const ada = await app.newUser();
    const image_url = `data:image/png;base64,${'A'.repeat(900_000)}`;
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url }] }];
    let last: string | undefined;
    for (let n = 0; n < 5; n += 1) {
      const { status, body } = await respond(ada, { input, previous_response_id: last });
      expect(status).toBe(200);
      last = body.id as string;
    }
    const next = { model: 'flat', previous_response_id: last };
    const calls = upstream.calls.length;
    const refused = await respond(ada, next);
    expect([refused.status, refused.body.error.param]).toEqual([400, 'input']);
    expect([upstream.calls.length, await ada.balance()]).toEqual([calls, 3500]);
    expect((await respond(ada, { ...next, truncation: 'auto' })).status).toBe(200);
    expect(upstream.last.body.messages).toHaveLength(9);
    expect(await ada.balance()).toBe(3400);
  });
});
