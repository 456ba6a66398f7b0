import { createOpenAI } from '@ai-sdk/openai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { embedMany } from 'ai';
import OpenAI from 'openai';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { answerJson, embed, vectorAt } from '../support/embeddings.js';
import { modelsOf } from '../support/models-file.js';
import { Upstream } from '../support/upstream.js';

const model = 'metered:good';

describe('embeddings of unmodified clients', () => {
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    const plain = answerJson({ data: [{ embedding: vectorAt(0) }], usage: { prompt_tokens: 7 } });
    upstream = await Upstream.start({ good: embed, plain });
    app = await TestApp.start('sqlite', modelsOf(upstream.baseUrl, ['good', 'plain']));
    ada = await app.newUser();
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const client = () => new OpenAI({ baseURL: `${app.url}/v1`, apiKey: ada.token });

  it('openai requests base64 by default and reads the numbers, also from a provider without base64', async () => {
    const balance = await ada.balance();
    for (const named of [model, 'metered:plain']) {
      const made = await client().embeddings.create({ model: named, input: 'a text' });
      expect(Array.from(made.data[0]?.embedding ?? [])).toEqual(vectorAt(0));
      expect(upstream.last.body['encoding_format']).toBe('base64');
    }
    const rest = { encoding_format: 'float', dimensions: 3 } as const;
    const made = await client().embeddings.create({ model, input: ['a', 'b'], ...rest });
    expect(made.data.map(({ embedding }) => embedding)).toEqual([vectorAt(0), vectorAt(1)]);
    expect(made.usage).toEqual({ prompt_tokens: 7, total_tokens: 7 });
    expect(balance - (await ada.balance())).toBe(21);
  });

  it('openai gets a 400 for a model without embeddings, and does not retry', async () => {
    const calls = upstream.calls.length;
    const asked = client().embeddings.create({ model: 'echo', input: 'x' });
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'model' });
    expect(upstream.calls).toHaveLength(calls);
  });

  it('ai with @ai-sdk/openai embeds many', async () => {
    const balance = await ada.balance();
    const provider = createOpenAI({ baseURL: `${app.url}/v1`, apiKey: ada.token });
    const values = ['one', 'two', 'three'];
    const made = await embedMany({ model: provider.embedding(model), values });
    expect(made.embeddings).toEqual([0, 1, 2].map(vectorAt));
    expect([made.usage.tokens, balance - (await ada.balance())]).toEqual([7, 7]);
  });
});
