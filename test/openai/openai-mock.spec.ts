import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { sample } from '../support/full-effort.js';
import { PROVIDER_KEY, modelsOf } from '../support/models-file.js';
import { ADD } from '../support/paid-calls.js';
import { EventReader } from '../support/sse.js';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
/** The price at 1 and 2 wallet tokens for each model token. */
const PRICE = 20;
const TEXT = 'one two three four five';

/** The answers of the mock, by the name of the model. */
const ANSWERS = {
  text: { content: TEXT, usage },
  thinks: { content: TEXT, reasoning: 'a secret thought', usage },
  'cut-short': { content: TEXT, usage, finishReason: 'length' },
};
const FAILURES = {
  'says-400': { error: { message: 'secret words', type: 'invalid_request_error' }, status: 400 },
  'says-401': { error: { message: 'secret words', code: 'invalid_api_key' }, status: 401 },
  'says-429': { error: { message: 'secret words', type: 'rate_limit' }, status: 429 },
  'says-500': { error: { message: 'secret words', type: 'server_error' }, status: 500 },
};
/** Random failures of the mock: a cut stream, or malformed content. */
const RANDOM_BEHAVIOURS = {
  'cut-off': { truncateAfterChunks: 3 },
  drops: { chaos: { dropRate: 1 } },
  'malformed-json': { chaos: { malformedRate: 1 } },
  disconnects: { chaos: { disconnectRate: 1 } },
};
const MODELS = [ANSWERS, FAILURES, RANDOM_BEHAVIOURS]
  .flatMap((group) => Object.keys(group))
  .concat('adds');

/** What callers get for these failures. Any other failure is 502. */
const MEANINGS: Record<string, [status: number, code: string]> = {
  'says-400': [400, 'provider_refused'],
  'says-429': [503, 'provider_busy'],
};

/** This tests formats. Other specs test what both databases charge. */
const testedKinds = sample('an independent mock of OpenAI', 2, databaseKinds);

describe.each(testedKinds)('an independent mock of OpenAI as the provider, on %s', (kind) => {
  let mock: LLMock;
  let app: TestApp;

  beforeAll(async () => {
    mock = new LLMock({ port: 0, chunkSize: 6, logLevel: 'silent' });
    for (const [model, answer] of Object.entries({ ...ANSWERS, ...FAILURES })) {
      mock.on({ model }, answer);
    }
    for (const [model, whim] of Object.entries(RANDOM_BEHAVIOURS)) {
      mock.on({ model }, { content: TEXT, usage }, whim);
    }
    mock.onToolResult('call-1', { content: 'That makes 3.', usage });
    const call = { id: 'call-1', name: 'add', arguments: '{"a":1,"b":2}' };
    mock.on({ model: 'adds' }, { toolCalls: [call], usage });
    await mock.start();
    app = await TestApp.start(kind, modelsOf(`${mock.url}/v1`, MODELS));
  });
  beforeEach(() => {
    mock.clearRequests();
  });
  afterAll(async () => {
    await app.close();
    await mock.stop();
  });

  const clientOf = ({ token }: Caller) =>
    new OpenAI({ baseURL: `${app.url}/v1`, apiKey: token, maxRetries: 0 });
  const hi = [{ role: 'user' as const, content: 'hi' }];
  const ask = (model: string) => ({ model: `metered:${model}`, messages: hi });

  /** Checks the total charge, the number of turns, and the number of calls of the mock. */
  const settles = async (caller: Caller, amount: number, turns: number, calls: number) => {
    expect(await caller.balance()).toBe(4000 - amount);
    expect(await caller.history()).toHaveLength(turns);
    expect(mock.getRequests()).toHaveLength(calls);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  };

  it.each(Object.keys(ANSWERS))('answers whole and streamed, on both APIs: %s', async (model) => {
    const ada = await app.newUser();
    const reason = model === 'cut-short' ? 'length' : 'stop';
    const plain = await ada.send('POST', '/api/chat/', {
      message: 'hi',
      model: `metered:${model}`,
    });
    expect([plain.status, plain.body.response]).toEqual([200, TEXT]);
    const events = await EventReader.open(app.url, ada, {
      ...{ message: 'hi', model: `metered:${model}`, stream: true },
    });
    const deltas = (await events.all()).filter(({ name }) => name === 'delta');
    expect([events.text, deltas.length > 2]).toEqual([TEXT, true]);
    expect((await events.until('done')).content).toMatchObject({ finish_reason: reason });
    const whole = await clientOf(ada).chat.completions.create(ask(model));
    expect(whole.choices[0]).toMatchObject({
      message: { content: TEXT },
      finish_reason: reason,
    });
    expect(whole.usage).toMatchObject(usage);
    const streamed = clientOf(ada).chat.completions.stream(ask(model));
    const { choices } = await streamed.finalChatCompletion();
    expect(choices[0]).toMatchObject({ message: { content: TEXT }, finish_reason: reason });
    expect(mock.getLastRequest()).toMatchObject({
      path: '/v1/chat/completions',
      body: { model, stream: true, stream_options: { include_usage: true }, messages: hi },
    });
    await settles(ada, 4 * PRICE, 4, 4);
  });

  it('calls a tool, reads its result, and continues', async () => {
    const ada = await app.newUser();
    const tools = [{ type: 'function' as const, function: ADD }];
    const first = await clientOf(ada).chat.completions.create({ ...ask('adds'), tools });
    const message = first.choices[0]?.message;
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(message?.tool_calls).toEqual([
      {
        id: 'call-1',
        type: 'function',
        function: { name: 'add', arguments: '{"a":1,"b":2}' },
      },
    ]);
    expect(mock.getLastRequest()?.body).toMatchObject({ tools });
    const streamed = clientOf(ada).chat.completions.stream({ ...ask('adds'), tools });
    const { choices } = await streamed.finalChatCompletion();
    expect(choices[0]?.message.tool_calls).toMatchObject(message?.tool_calls ?? []);
    if (!message) throw new Error('no message');
    const result = { role: 'tool' as const, tool_call_id: 'call-1', content: '3' };
    const messages = [...hi, message, result];
    const last = await clientOf(ada).chat.completions.create({ ...ask('adds'), messages, tools });
    expect(last.choices[0]?.message.content).toBe('That makes 3.');
    await settles(ada, 3 * PRICE, 3, 3);
  });

  it.each([...Object.keys(FAILURES), ...Object.keys(RANDOM_BEHAVIOURS)])(
    'fails without a charge, and is called once for each question: %s',
    async (model) => {
      const ada = await app.newUser();
      const [status, code] = MEANINGS[model] ?? [502, 'provider_failed'];
      const plain = await ada.send('POST', '/api/chat/', {
        ...{ message: 'hi', model: `metered:${model}` },
      });
      expect([plain.status, plain.body.code]).toEqual([status, code]);
      const body = { message: 'hi', model: `metered:${model}`, stream: true };
      const events = await EventReader.open(app.url, ada, body);
      expect((await events.all()).at(-1)).toMatchObject({
        name: 'error',
        content: { code },
      });
      const asked = clientOf(ada).chat.completions.create(ask(model));
      await expect(asked).rejects.toMatchObject({ status, code });
      expect(plain.raw + events.raw).not.toContain(PROVIDER_KEY);
      // If the request is at fault, the caller gets the provider's own words.
      expect((plain.raw + events.raw).includes('secret')).toBe(status === 400);
      await settles(ada, 0, 3, 3);
      expect((await ada.history()).map(({ tokens }) => tokens)).toEqual([0, 0, 0]);
    },
  );
});
