import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSED_ON } from '../../src/openai/passed-on.dto.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { modelsOf } from '../support/models-file.js';
import { Upstream } from '../support/upstream.js';

const messages = [{ role: 'user', content: 'hi' }];

/** A value for each field that is forwarded to the model. */
const PASSED: Record<(typeof PASSED_ON)[number], unknown> = {
  tools: [{ type: 'function', function: { name: 'add', parameters: {} } }],
  tool_choice: { type: 'function', function: { name: 'add' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'sum', schema: {} } },
  temperature: 0.5,
  top_p: 0.9,
  stop: ['\n', 'END'],
  seed: 7,
  presence_penalty: 0.1,
  frequency_penalty: -0.1,
  logit_bias: { '50256': -100 },
  reasoning_effort: 'low',
  verbosity: 'low',
  user: 'someone',
};

/**
 * Fields that are ignored: they would cost more than the price, store something elsewhere, or request what the
 * answer does not contain.
 */
const IGNORED = {
  service_tier: 'priority',
  store: true,
  background: true,
  metadata: { a: 'b' },
  best_of: 5,
  prediction: { type: 'content', content: 'x'.repeat(1000) },
  web_search_options: { search_context_size: 'high' },
  modalities: ['text', 'audio'],
  audio: { voice: 'alloy', format: 'mp3' },
  models: ['someone/elses-dear-model'],
  plugins: [{ id: 'web' }],
  extra_body: { google: { thinking_config: { thinking_budget: 100_000 } } },
  max_output_tokens: 1_000_000,
  logprobs: true,
  top_logprobs: 5,
  provider: { sort: 'price' },
  api_key: 'sk-of-someone',
};

describe('the fields of POST /v1/chat/completions', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start({
      good: async (call) => {
        call.open();
        await call.delta('Hello');
        await call.finish();
        await call.usage(10, 5);
        await call.end();
      },
    });
    app = await TestApp.start('sqlite', modelsOf(upstream.baseUrl, ['good']));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const complete = (caller: Caller, fields: object) =>
    caller.send('POST', '/v1/chat/completions', { model: 'metered:good', messages, ...fields });

  const OURS = {
    model: 'good',
    messages,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 500,
  };

  it('reach the provider unchanged if they are on the list', async () => {
    const ada = await app.newUser();
    expect(Object.keys(PASSED)).toEqual(PASSED_ON);
    expect((await complete(ada, PASSED)).status).toBe(200);
    expect(upstream.last.body).toEqual({ ...OURS, ...PASSED });
    expect(await ada.balance()).toBe(4000 - 20);
  });

  it.each(Object.entries(IGNORED))(
    'do not reach it if they are not on the list: %s',
    async (name, value) => {
      const ada = await app.newUser();
      for (const stream of [false, true]) {
        const { status, raw } = await complete(ada, { [name]: value, stream });
        expect([status, raw.includes('Hello')]).toEqual([200, true]);
        expect(upstream.last.body).toEqual(OURS);
      }
      expect(await ada.balance()).toBe(4000 - 40);
    },
  );

  it.each([
    [{ max_tokens: -1 }, 500, 20],
    [{ max_completion_tokens: -1, max_tokens: 3 }, 500, 20],
    // The hold, which covers three model tokens of the answer, limits the price.
    [{ max_completion_tokens: null, max_tokens: 3 }, 3, 18],
  ])(
    'limit the answer, or with -1 leave it to the model: %j',
    async (fields, max_tokens, price) => {
      const ada = await app.newUser();
      expect((await complete(ada, fields)).status).toBe(200);
      expect(upstream.last.body).toEqual({ ...OURS, max_tokens });
      expect(await ada.balance()).toBe(4000 - price);
    },
  );

  it('reach it with the older form of a call and of its result', async () => {
    const ada = await app.newUser();
    const call = { name: 'add', arguments: '{"a":1}' };
    const older = [
      ...messages,
      { role: 'assistant', content: null, function_call: call },
      { role: 'function', name: 'add', content: '1' },
    ];
    expect((await complete(ada, { messages: older })).status).toBe(200);
    expect(upstream.last.body).toEqual({ ...OURS, messages: older });
    expect(await ada.balance()).toBe(4000 - 20);
  });

  it('cannot request more than one choice: 400 without a call', async () => {
    const ada = await app.newUser();
    const calls = upstream.calls.length;
    const { status, body } = await complete(ada, { n: 2 });
    expect([status, body]).toEqual([
      400,
      {
        error: {
          message: 'Only one choice is made: expected 1.',
          ...{ type: 'invalid_request_error', param: 'n', code: null },
        },
      },
    ]);
    expect(upstream.calls).toHaveLength(calls);
    expect(await ada.balance()).toBe(4000);
  });

  it('are documented in the schema and in docs/openai.md exactly if they are forwarded', async () => {
    const [, section = ''] = readFileSync('docs/openai.md', 'utf8').split(/^## /m);
    const rows = section.match(/^\| .* \| passed on.*$/gm) ?? [];
    const documentedFields = rows.flatMap((row) => row.match(/(?<=`)\w+(?=`)/g) ?? []);
    expect(documentedFields.sort()).toEqual([...PASSED_ON].sort());
    const { body } = await app.send({ path: '/api/schema/' });
    const { properties } = body.components.schemas.Completion as { properties: object };
    expect(Object.keys(properties)).toEqual(expect.arrayContaining([...PASSED_ON]));
    expect(Object.keys(IGNORED).filter((name) => name in properties)).toEqual([]);
  });
});
