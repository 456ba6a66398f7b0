import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { complete } from '../support/completions.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';

const ECHO = "This is a dummy AI response to your message: 'hi'";

const USAGE = {
  ...{ prompt_tokens: 5, completion_tokens: 10, total_tokens: 15 },
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

describe.each(databaseKinds)('POST /v1/chat/completions on %s', (kind) => {
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

  const chunksOf = ({ raw }: Answer) =>
    raw
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);

  it('answers in OpenAI’s format, charges, and stores the turn', async () => {
    const ada = await app.newUser();
    const { status, body, headers } = await complete(ada, {});
    const turn = String(headers['turn-id']);
    expect([status, body]).toEqual([
      200,
      {
        id: `chatcmpl-${turn.replaceAll('-', '')}`,
        object: 'chat.completion',
        created: expect.any(Number),
        model: 'echo',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: ECHO, refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: USAGE,
      },
    ]);
    const created = (body as { created: number }).created;
    // The time in the turn's id. Other specs of this process may have changed the clock.
    const idMs = Number.parseInt(turn.replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(created - idMs / 1000)).toBeLessThan(60);
    expect((await ada.get(`/api/chat/${turn}/`)).body).toMatchObject({
      message: 'hi',
      response: ECHO,
      tokens: 100,
      status: 'complete',
    });
    expect(await ada.balance()).toBe(3900);
  });

  it('streams the role, the text, the end, the usage and [DONE], with one id', async () => {
    const ada = await app.newUser();
    const answer = await complete(ada, { stream: true, stream_options: { include_usage: true } });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.raw.endsWith('data: [DONE]\n\n')).toBe(true);
    const chunks = chunksOf(answer);
    const [turn] = (await ada.get('/api/chat/')).body.results;
    const id = `chatcmpl-${String(turn.id).replaceAll('-', '')}`;
    expect(new Set(chunks.map((chunk) => chunk['id']))).toEqual(new Set([id]));
    expect(new Set(chunks.map(({ created }) => created)).size).toBe(1);
    const choice = (delta: object, finish_reason: string | null = null) => ({
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      usage: null,
      object: 'chat.completion.chunk',
      model: 'echo',
    });
    expect(chunks.at(0)).toMatchObject(choice({ role: 'assistant', content: '', refusal: null }));
    expect(chunks.at(1)).toMatchObject(choice({ content: 'This' }));
    expect(chunks.at(-2)).toMatchObject(choice({}, 'stop'));
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: USAGE,
    });
    expect(chunks).toHaveLength(13);
    expect(await ada.balance()).toBe(3900);
  });

  it('omits the usage in a stream that does not request it', async () => {
    const ada = await app.newUser();
    const chunks = chunksOf(await complete(ada, { stream: true }));
    expect(chunks.filter((chunk) => 'usage' in chunk)).toEqual([]);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  it('forwards messages and the model’s fields, and stores the last user message', async () => {
    const ada = await app.newUser();
    const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{}' } };
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one ' },
          { type: 'text', text: 'plus' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: '2' },
    ];
    const tools = [{ type: 'function', function: { name: 'add', parameters: { minimum: 1 } } }];
    const rest = { temperature: 0.5, tools, seed: 7 };
    const own = {
      max_tokens: 9,
      max_completion_tokens: 3,
      n: 1,
      stream: null,
      stream_options: null,
      made_up: [1, { deep: null }],
    };
    const { status, body } = await complete(ada, { messages, ...rest, ...own });
    expect([status, body.choices[0].finish_reason]).toEqual([200, 'length']);
    expect(provider.lastRequest).toMatchObject({ messages, maxTokens: 3 });
    expect(provider.lastRequest?.extra).toEqual(rest);
    expect(await ada.history()).toMatchObject([{ message: 'one plus', tokens: 100 }]);
  });

  it('forwards tool calls, whole and streamed, and replays them', async () => {
    const ada = await app.newUser();
    const call = (index: number, piece: object) => ({ index, ...piece });
    provider.answer([
      {
        type: 'delta',
        text: '',
        toolCalls: [
          call(0, { id: 'c1', type: 'function', function: { name: 'add', arguments: '' } }),
        ],
      },
      { type: 'delta', text: '', toolCalls: [call(0, { function: { arguments: '{"a":' } })] },
      { type: 'delta', text: '', toolCalls: [call(0, { function: { arguments: '1}' } })] },
      { type: 'done', finishReason: 'tool_calls', usage: undefined },
    ]);
    const whole = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } };
    const { body } = await complete(ada, {}, { 'Idempotency-Key': 'tools' });
    expect(body.choices[0]).toEqual({
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, tool_calls: [whole] },
      logprobs: null,
      finish_reason: 'tool_calls',
    });
    const deltasOf = (answer: Answer) =>
      chunksOf(answer).map(({ choices }) => (choices as { delta: object }[])[0]?.delta);
    const streamed = deltasOf(await complete(ada, { stream: true }));
    expect(streamed[2]).toEqual({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] });
    const replay = await complete(ada, { stream: true }, { 'Idempotency-Key': 'tools' });
    expect(replay.headers['idempotent-replayed']).toBe('true');
    expect(deltasOf(replay)[1]).toEqual({ tool_calls: [{ index: 0, ...whole }] });
    expect(await ada.balance()).toBe(3800);
  });

  it('replays a key with the same id, apart from the keys of other routes', async () => {
    const ada = await app.newUser();
    const key = { 'Idempotency-Key': 'once' };
    const calls = provider.calls;
    await ada.chat('hi', key);
    const first = await complete(ada, {}, key);
    const again = await complete(ada, {}, key);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    const streamed = chunksOf(await complete(ada, { stream: true }, key));
    expect(streamed[0]).toMatchObject({ id: first.body.id, created: first.body.created });
    expect(streamed[1]).toMatchObject({ choices: [{ delta: { content: ECHO } }] });
    const other = await complete(ada, { temperature: 1 }, key);
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    expect(provider.calls).toBe(calls + 2);
    expect(await ada.balance()).toBe(3800);
  });

  it('forwards cached and reasoning counts, and replays them', async () => {
    const ada = await app.newUser();
    provider.answer([
      { type: 'delta', text: 'hello' },
      {
        type: 'done',
        finishReason: 'stop',
        usage: {
          ...{ promptTokens: 20, completionTokens: 9 },
          ...{ cachedPromptTokens: 16, reasoningTokens: 7 },
        },
      },
    ]);
    const usage = {
      ...{ prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 },
      prompt_tokens_details: { cached_tokens: 16 },
      completion_tokens_details: { reasoning_tokens: 7 },
    };
    const key = { 'Idempotency-Key': 'details' };
    const stream = { stream: true, stream_options: { include_usage: true } };
    expect((await complete(ada, {}, key)).body.usage).toEqual(usage);
    expect((await complete(ada, {}, key)).body.usage).toEqual(usage);
    expect(chunksOf(await complete(ada, stream)).at(-1)).toMatchObject({ usage });
    expect(chunksOf(await complete(ada, stream, key)).at(-1)).toMatchObject({ usage });
    expect(await ada.balance()).toBe(3800);
  });

  it('reports a failure after the start in the stream, and charges nothing', async () => {
    const ada = await app.newUser();
    provider.delayWith(() => Promise.reject(new Error('secret detail')));
    const { status, raw } = await complete(ada, { stream: true });
    expect(status).toBe(200);
    expect(raw).not.toContain('[DONE]');
    expect(raw).not.toContain('secret');
    expect(JSON.parse(raw.trim().split('\n').at(-1)?.slice('data: '.length) ?? '')).toEqual({
      error: {
        message: 'The model did not answer. Nothing was charged.',
        type: 'server_error',
        param: null,
        code: 'provider_failed',
      },
    });
    expect(await ada.balance()).toBe(4000);
  });

  it('replaces characters that a database cannot store', async () => {
    const ada = await app.newUser();
    const content = 'a\u0000b\ud800';
    expect((await complete(ada, { messages: [{ role: 'user', content }] })).status).toBe(200);
    expect(provider.lastRequest?.messages).toEqual([{ role: 'user', content }]);
    expect(await ada.history()).toMatchObject([{ message: 'a\ufffdb\ufffd' }]);
  });

  it('lists the models', async () => {
    const ada = await app.newUser();
    const echo = {
      ...{ id: 'echo', object: 'model', created: 1_764_000_000, owned_by: 'tallychat' },
      ...{ price: { perMessage: 100 }, context_length: 1_000_000 },
    };
    expect((await ada.get('/v1/models')).body).toEqual({ object: 'list', data: [echo] });
    expect((await ada.get('/v1/models/echo')).body).toEqual(echo);
  });
});
