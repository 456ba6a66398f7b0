import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { startAgentModels } from '../support/agent-upstream.js';
import type { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { expectPaid } from '../support/paid-calls.js';
import type { Upstream } from '../support/upstream.js';

const number = { type: 'number' };
const functionTool = (name: string) => ({
  type: 'function' as const,
  name,
  parameters: { type: 'object', properties: { a: number, b: number } },
  strict: null,
});
const tools = [functionTool('add'), functionTool('multiply')];

describe('the unmodified client openai, on responses', () => {
  let upstream: Upstream;
  let app: TestApp;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ app, upstream, close } = await startAgentModels());
  });
  afterAll(() => close());

  const clientOf = ({ token }: Caller) =>
    new OpenAI({ baseURL: `${app.url}/v1`, apiKey: token, maxRetries: 0 });
  const ask = { model: 'flat:says', input: 'hi' };

  it('creates, reads and deletes responses', async () => {
    const ada = await app.newUser();
    const { responses } = clientOf(ada);
    const whole = await responses.create(ask);
    expect([whole.output_text, whole.status, whole.usage?.total_tokens]).toEqual([
      'Hello there',
      'completed',
      15,
    ]);
    expect((await responses.retrieve(whole.id)).output_text).toBe('Hello there');
    await expect(responses.retrieve(whole.id, { stream: true })).rejects.toMatchObject({
      ...{ status: 400, param: 'stream' },
    });
    const next = await responses.create({ ...ask, previous_response_id: whole.id });
    expect(next.previous_response_id).toBe(whole.id);
    await responses.delete(next.id);
    await expect(responses.retrieve(next.id)).rejects.toMatchObject({ status: 404 });
    expect(await ada.history()).toHaveLength(1);
    expect(await ada.balance()).toBe(3800);
  });

  it('streams with its helper, with reasoning and calls', async () => {
    const ada = await app.newUser();
    const { responses } = clientOf(ada);
    const stream = responses.stream({ model: 'flat:agent', input: 'work', tools });
    const deltas: string[] = [];
    stream.on('response.function_call_arguments.delta', ({ snapshot }) => deltas.push(snapshot));
    const first = await stream.finalResponse();
    expect(deltas).toContain('{"a":1,"b":2}');
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(calls.map(({ name, arguments: text }) => [name, text])).toEqual([
      ['add', '{"a":1,"b":2}'],
      ['multiply', '{"a":3,"b":4}'],
    ]);
    const outputs = calls.map(({ call_id }, n) => ({
      ...{ type: 'function_call_output' as const, call_id, output: String(n) },
    }));
    const last = await responses
      .stream({ model: 'flat:agent', previous_response_id: first.id, input: outputs, tools })
      .finalResponse();
    expect(last.output_text).toBe('The tools gave 0 and 1.');
    expect(last.output[0]).toMatchObject({ type: 'reasoning', summary: [{ text: 'Let me see.' }] });
    await expectPaid(app, ada, 2);
  });

  it('parses an answer with a schema, whole and streamed', async () => {
    const ada = await app.newUser();
    const { responses } = clientOf(ada);
    const format = zodTextFormat(z.object({ city: z.string() }), 'place');
    const asked = { model: 'flat:json', input: 'Where?', text: { format } };
    expect((await responses.parse(asked)).output_parsed).toEqual({ city: 'Bern' });
    expect(upstream.last.body['response_format']).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'place', strict: true, schema: { required: ['city'] } },
    });
    const streamed = await responses.stream(asked).finalResponse();
    expect(streamed.output_parsed).toEqual({ city: 'Bern' });
    await expectPaid(app, ada, 2);
  });

  it('maps refusals to its error classes', async () => {
    const ada = await app.newUser();
    const { responses } = clientOf(ada);
    await expect(responses.create({ ...ask, background: true })).rejects.toMatchObject({
      ...{ status: 400, param: 'background' },
    });
    await expect(responses.create({ ...ask, model: 'oracle' })).rejects.toMatchObject({
      ...{ status: 404, code: 'model_not_found' },
    });
    const stranger = clientOf({ token: 'sk-nobody' } as Caller).responses.create(ask);
    await expect(stranger).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    await expectPaid(app, ada, 0);
  });
});
