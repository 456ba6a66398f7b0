import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { expectPaid } from '../support/paid-calls.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { eventsOf, respond, type StreamedEvent } from '../support/responses.js';
import { until } from '../support/until.js';

const delta = (fields: object) => ({ type: 'delta' as const, text: '', ...fields });
const done = (finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter') => ({
  type: 'done' as const,
  finishReason,
  usage: { promptTokens: 3, completionTokens: 4 },
});
const piece = (index: number, fields: object) => delta({ toolCalls: [{ index, ...fields }] });
const begin = (index: number, id: string, name: string) =>
  piece(index, { id, type: 'function', function: { name, arguments: '' } });
const argumentsPiece = (index: number, text: string) =>
  piece(index, { function: { arguments: text } });

describe.each(databaseKinds)('a streamed response on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  const stream = async (caller: Caller, fields: object = {}) =>
    eventsOf(await respond(caller, { stream: true, ...fields }));
  const namesOf = (events: StreamedEvent[]) =>
    events.map(({ type }) => type.replace(/^response\./, ''));

  it('separates interleaved reasoning, text and calls into items', async () => {
    const ada = await app.newUser();
    provider.answer([
      delta({ reasoning: 'Let me ' }),
      delta({ reasoning: 'see.' }),
      delta({ text: 'I add.' }),
      begin(0, 'c0', 'add'),
      begin(1, 'c1', 'add'),
      argumentsPiece(0, '{"a":'),
      argumentsPiece(1, '{"a":3}'),
      argumentsPiece(0, '1}'),
      done('tool_calls'),
    ]);
    const events = await stream(ada, { tools: [{ type: 'function', name: 'add' }] });
    expect(namesOf(events)).toEqual([
      ...['created', 'in_progress'],
      ...['output_item.added', 'reasoning_summary_part.added'],
      ...['reasoning_summary_text.delta', 'reasoning_summary_text.delta'],
      ...['reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done'],
      ...['output_item.added', 'content_part.added', 'output_text.delta'],
      ...['output_text.done', 'content_part.done', 'output_item.done'],
      ...['output_item.added', 'output_item.added'],
      ...Array<string>(3).fill('function_call_arguments.delta'),
      ...['function_call_arguments.done', 'output_item.done'],
      ...['function_call_arguments.done', 'output_item.done'],
      'completed',
    ]);
    const { response } = events.at(-1) as StreamedEvent & { response: { output: unknown[] } };
    expect(response.output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }] },
      { type: 'message', content: [{ text: 'I add.' }] },
      { type: 'function_call', call_id: 'c0', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'c1', arguments: '{"a":3}' },
    ]);
    const items = events.filter(({ type }) => type === 'response.output_item.done');
    expect(items.map(({ item }) => item as unknown)).toEqual(response.output);
    const ids = events.flatMap(({ item_id: id, output_index: at }) => (id ? [[id, at]] : []));
    for (const [id, at] of ids) expect(response.output[Number(at)]).toMatchObject({ id });
    const { id } = response as unknown as { id: string };
    expect((await ada.get(`/v1/responses/${id}`)).body).toEqual(response);
    await expectPaid(app, ada, 1);
  });

  it('returns a custom tool call as such, with its text in one piece', async () => {
    const ada = await app.newUser();
    provider.answer([
      begin(0, 'c0', 'patch'),
      argumentsPiece(0, '{"input":"a \\"b'),
      argumentsPiece(0, '\\"\\n"}'),
      done('tool_calls'),
    ]);
    const tools = [{ type: 'custom', name: 'patch', description: 'Patches' }];
    const events = await stream(ada, { tools });
    expect(namesOf(events).slice(2)).toEqual([
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
      'completed',
    ]);
    const call = { type: 'custom_tool_call', call_id: 'c0', name: 'patch' };
    expect(events[2]?.['item']).toMatchObject({ ...call, input: '', status: 'in_progress' });
    expect(events[3]?.['delta']).toBe('a "b"\n');
    expect(events.at(-1)?.['response'].output).toMatchObject([{ ...call, input: 'a "b"\n' }]);
    const given = provider.lastRequest?.extra['tools'] as { function: object }[];
    expect(given[0]?.function).toMatchObject({
      name: 'patch',
      description: 'Patches',
      parameters: { required: ['input'] },
    });
  });

  it('has no message if the only call never gets a name', async () => {
    const ada = await app.newUser();
    provider.answer([
      piece(0, { id: 'c0', type: 'function', function: { arguments: '{}' } }),
      done('tool_calls'),
    ]);
    const { output } = (await stream(ada)).at(-1)?.['response'] as { output: object[] };
    expect(output).toMatchObject([{ type: 'function_call', call_id: 'c0', arguments: '{}' }]);
    expect(output).toHaveLength(1);
  });

  it('opens the item of a call when its name is known, so that its id and type stay the same', async () => {
    const ada = await app.newUser();
    provider.answer([
      piece(0, { id: 'c0', type: 'function', function: { arguments: '{"input":' } }),
      piece(0, { function: { name: 'patch' } }),
      argumentsPiece(0, '"a"}'),
      piece(1, { id: 'c1', type: 'function', function: { arguments: '{}' } }),
      done('tool_calls'),
    ]);
    const events = await stream(ada, { tools: [{ type: 'custom', name: 'patch' }] });
    expect(namesOf(events).slice(2)).toEqual([
      'output_item.added',
      ...['custom_tool_call_input.delta', 'custom_tool_call_input.done', 'output_item.done'],
      ...['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.done'],
      ...['output_item.done', 'completed'],
    ]);
    const { output } = events.at(-1)?.['response'] as { output: object[] };
    expect(output).toMatchObject([
      { type: 'custom_tool_call', call_id: 'c0', name: 'patch', input: 'a' },
      { type: 'function_call', call_id: 'c1', name: '', arguments: '{}' },
    ]);
    for (const { item, item_id: id, output_index: at } of events.slice(2, -1)) {
      const { id: itemId } = (item ?? { id }) as { id: string };
      expect(output[Number(at)]).toMatchObject({ id: itemId });
    }
    await expectPaid(app, ada, 1);
  });

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const)(
    'ends an answer that was cut (%s) as incomplete',
    async (reason, incompleteReason) => {
      const ada = await app.newUser();
      provider.answer([delta({ text: 'The first' }), done(reason)]);
      const events = await stream(ada);
      expect(events.at(-1)).toMatchObject({
        type: 'response.incomplete',
        response: {
          status: 'incomplete',
          incomplete_details: { reason: incompleteReason },
          completed_at: null,
        },
      });
      expect(events.at(-2)).toMatchObject({ item: { status: 'incomplete' } });
      await expectPaid(app, ada, 1);
    },
  );

  it('returns an empty answer as an empty message', async () => {
    const ada = await app.newUser();
    provider.answer([done('stop')]);
    const last = (await stream(ada)).at(-1);
    expect(last).toMatchObject({ type: 'response.completed' });
    expect(last?.['response'].output).toMatchObject([{ content: [{ text: '' }] }]);
    expect((await respond(ada, {})).body.output).toMatchObject([{ content: [{ text: '' }] }]);
    expect(await ada.balance()).toBe(4000);
  });

  it('reports a failure by response.failed and error, and charges nothing', async () => {
    const ada = await app.newUser();
    provider.delayWith(() => Promise.reject(new Error('secret detail')));
    const answer = await respond(ada, { stream: true });
    expect(answer.raw).not.toContain('[DONE]');
    expect(answer.raw).not.toContain('secret');
    const [failed, error] = eventsOf(answer).slice(-2);
    const failure = {
      code: 'provider_failed',
      message: 'The model did not answer. Nothing was charged.',
    };
    expect(failed).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: failure, output: [] },
    });
    expect(error).toMatchObject({ type: 'error', ...failure, error: failure });
    const client = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: ada.token, maxRetries: 0 });
    const final = client.responses.stream({ model: 'echo', input: 'hi' }).finalResponse();
    await expect(final).rejects.toMatchObject({ code: 'provider_failed' });
    const whole = await respond(ada, {});
    expect([whole.status, whole.body.error.code]).toEqual([502, 'provider_failed']);
    expect(await ada.balance()).toBe(4000);
    expect((await ada.history()).map(({ tokens }) => tokens)).toEqual([0, 0, 0]);
  });

  it('is stopped when the caller leaves, and the partial answer is stored', async () => {
    const ada = await app.newUser();
    provider.answer([delta({ text: 'The first words' })]);
    const client = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: ada.token });
    const asked = await client.responses.create({ model: 'echo', input: 'hi', stream: true });
    let id = '';
    for await (const event of asked) {
      if (event.type === 'response.created') ({ id } = event.response);
      if (event.type === 'response.output_text.delta') break;
    }
    asked.controller.abort();
    await until(async () => (await ada.history()).length !== 0);
    expect(provider.lastRequest?.signal?.aborted).toBe(true);
    expect((await ada.get(`/v1/responses/${id}`)).body).toMatchObject({
      status: 'incomplete',
      output: [{ status: 'incomplete', content: [{ text: 'The first words' }] }],
    });
    await expectPaid(app, ada, 1);
  });
});
