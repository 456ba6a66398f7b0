import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { APIUserAbortError, AuthenticationError } from 'openai';
import { TestApp } from '../support/app.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { ADD, callAdd, expectPaid } from '../support/paid-calls.js';
import { until } from '../support/until.js';

const ECHO = "This is a dummy AI response to your message: 'hi'";
const ask = { model: 'echo', messages: [{ role: 'user' as const, content: 'hi' }] };

describe('the unmodified client openai', () => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start();
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  const clientOf = ({ token }: { token: string }) =>
    new OpenAI({ baseURL: `${app.url}/v1`, apiKey: token });

  it('completes, streams and lists models', async () => {
    const ada = await app.newUser();
    const client = clientOf(ada);
    const whole = await client.chat.completions.create(ask);
    expect(whole.choices[0]?.message.content).toBe(ECHO);
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({ ...ask, ...options })) {
      chunks.push(chunk);
    }
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(ECHO);
    expect(chunks.at(-1)?.usage).toMatchObject({ total_tokens: 15 });
    const finalCompletion = await client.chat.completions.stream(ask).finalChatCompletion();
    expect(finalCompletion.choices[0]?.message.content).toBe(ECHO);
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['echo']);
    expect((await client.models.retrieve('echo')).object).toBe('model');
    await expectPaid(app, ada, 3);
  });

  it('reads tool calls, whole and streamed', async () => {
    const ada = await app.newUser();
    callAdd(provider);
    const tools = [{ type: 'function' as const, function: ADD }];
    const whole = await clientOf(ada).chat.completions.create({ ...ask, tools });
    expect(whole.choices[0]?.message.tool_calls).toEqual([
      { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
    ]);
    const runner = clientOf(ada).chat.completions.stream({ ...ask, tools });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'add' } }]);
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    await expectPaid(app, ada, 2);
  });

  it('aborts: stops the provider, and stores the partial answer', async () => {
    const ada = await app.newUser();
    provider.answer([{ type: 'delta', text: 'The first words' }]);
    const stream = await clientOf(ada).chat.completions.create({ ...ask, stream: true });
    for await (const { choices } of stream) {
      if (choices[0]?.delta.content) break;
    }
    stream.controller.abort();
    await until(async () => (await ada.history()).length !== 0);
    const [turn] = await ada.history();
    expect(turn).toMatchObject({ status: 'aborted', response: 'The first words', tokens: 100 });
    expect(provider.lastRequest?.signal?.aborted).toBe(true);
    await expectPaid(app, ada, 1);
  });

  it('aborts before the first word at the flat price, because the provider was called', async () => {
    const ada = await app.newUser();
    const calls = provider.calls;
    provider.delayWith(() => new Promise(() => undefined));
    const abort = new AbortController();
    const asked = clientOf(ada).chat.completions.create(ask, { signal: abort.signal });
    await until(() => provider.calls !== calls);
    abort.abort();
    await expect(asked).rejects.toThrow(APIUserAbortError);
    await until(async () => (await ada.history()).length !== 0);
    expect(await ada.history()).toMatchObject([{ status: 'aborted', tokens: 100 }]);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('gets 402 once, and does not retry', async () => {
    const poor = await app.newUser({ tokens: 99 });
    let requests = 0;
    const client = new OpenAI({
      baseURL: `${app.url}/v1`,
      apiKey: poor.token,
      fetch: (url, init) => {
        requests += 1;
        return fetch(url, init);
      },
    });
    const asked = client.chat.completions.create(ask);
    await expect(asked).rejects.toMatchObject({
      status: 402,
      code: 'insufficient_quota',
      type: 'insufficient_quota',
    });
    expect(requests).toBe(1);
    expect(await poor.balance()).toBe(99);
  });

  it('maps a bad key, an unknown model and a bad field to its error classes', async () => {
    const ada = await app.newUser();
    const stranger = clientOf({ token: 'sk-nobody' }).chat.completions.create(ask);
    await expect(stranger).rejects.toThrow(AuthenticationError);
    await expect(stranger).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    const unknown = clientOf(ada).chat.completions.create({ ...ask, model: 'oracle' });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    const bad = clientOf(ada).chat.completions.create({ ...ask, n: 2 });
    await expect(bad).rejects.toMatchObject({ status: 400, param: 'n' });
    await expectPaid(app, ada, 0);
  });

  it.each(['', '/', '/api', '/openai/v1', '//v1', '/api/v1/'])(
    'names the right base URL to a client with the base URL %j, and charges nothing',
    async (base) => {
      const ada = await app.newUser();
      const calls = provider.calls;
      const client = new OpenAI({ baseURL: app.url + base, apiKey: ada.token });
      const error = { status: 404, code: 'not_found', message: expect.stringContaining('/v1') };
      await expect(client.chat.completions.create(ask)).rejects.toMatchObject(error);
      await expect(client.responses.create({ input: 'hi' })).rejects.toMatchObject(error);
      await expect(client.models.list()).rejects.toMatchObject(error);
      expect(provider.calls).toBe(calls);
      await expectPaid(app, ada, 0);
    },
  );

  it('retries a busy key, and gets the first answer', async () => {
    const ada = await app.newUser();
    const calls = provider.calls;
    provider.delayWith(() => new Promise((resolve) => setTimeout(resolve, 500)));
    const keyed = { headers: { 'Idempotency-Key': 'twice' } };
    const [one, other] = await Promise.all([
      clientOf(ada).chat.completions.create(ask, keyed),
      clientOf(ada).chat.completions.create(ask, keyed),
    ]);
    expect(other).toEqual(one);
    expect(provider.calls).toBe(calls + 1);
    await expectPaid(app, ada, 1);
  });

  it('reads a failure in the middle of a stream as an error', async () => {
    const ada = await app.newUser();
    provider.delayWith(() => Promise.reject(new Error('down')));
    const stream = await clientOf(ada).chat.completions.create({ ...ask, stream: true });
    const read = async () => {
      for await (const chunk of stream) expect(chunk.choices[0]?.delta.content).toBeFalsy();
    };
    await expect(read()).rejects.toMatchObject({ code: 'provider_failed' });
    expect(await ada.balance()).toBe(4000);
  });
});
