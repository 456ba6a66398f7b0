import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { complete } from '../support/completions.js';
import { databaseKinds } from '../support/databases.js';
import { callAdd, expectPaid } from '../support/paid-calls.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { eventsOf, respond, textIn } from '../support/responses.js';
import { openConversation } from '../support/conversations.js';

const ECHO = "This is a dummy AI response to your message: 'hi'";
const UNKNOWN_ID = 'resp_00000000000070008000000000000000';

describe.each(databaseKinds)('POST /v1/responses on %s', (kind) => {
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

  const sentMessages = () => provider.lastRequest?.messages;
  const readBack = (caller: Caller, id: string) => caller.get(`/v1/responses/${id}`);

  it('answers, charges, stores the turn, and returns it unchanged', async () => {
    const ada = await app.newUser();
    const { status, body, headers } = await respond(ada, { metadata: { mine: 'yes' } });
    const turn = String(headers['turn-id']);
    expect([status, body.id]).toEqual([200, `resp_${turn.replaceAll('-', '')}`]);
    expect(body).toMatchObject({ status: 'completed', model: 'echo', metadata: { mine: 'yes' } });
    expect([textIn(body), body.usage.total_tokens]).toEqual([ECHO, 15]);
    expect((await readBack(ada, body.id)).body).toEqual(body);
    const turnOf = { message: 'hi', response: ECHO, tokens: 100, status: 'complete' };
    expect((await ada.get(`/api/chat/${turn}/`)).body).toMatchObject(turnOf);
    await expectPaid(app, ada, 1);
  });

  it('continues a turn with its calls and their outputs, in its conversation', async () => {
    const ada = await app.newUser();
    callAdd(provider);
    const tools = [{ type: 'function', name: 'add' }];
    const first = await respond(ada, { tools, instructions: 'Add.', input: '1 + 2?' });
    expect(first.body.output).toMatchObject([{ type: 'function_call', call_id: 'c1' }]);
    provider.delayWith(undefined);
    const output = { type: 'function_call_output', call_id: 'c1', output: '3' };
    const second = await respond(ada, { previous_response_id: first.body.id, input: [output] });
    const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } };
    const before = [
      { role: 'user', content: '1 + 2?' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: '3' },
    ];
    expect(sentMessages()).toEqual(before);
    expect(second.body.previous_response_id).toBe(first.body.id);
    const rest = { previous_response_id: second.body.id, instructions: 'Be brief.' };
    const third = await respond(ada, { ...rest, input: 'sure?' });
    expect(sentMessages()).toEqual([
      { role: 'system', content: 'Be brief.' },
      ...before,
      { role: 'assistant', content: textIn(second.body) },
      { role: 'user', content: 'sure?' },
    ]);
    const conversations = [first, second, third].map(({ headers }) => headers['conversation-id']);
    expect(new Set(conversations).size).toBe(1);
    expect((await ada.history()).map(({ message }) => message)).toEqual(['sure?', '3', '1 + 2?']);
    await expectPaid(app, ada, 3);
  });

  it('continues turns of other APIs, up to the named one', async () => {
    const ada = await app.newUser();
    const conversationId = await openConversation(ada, { system: 'Be kind.' });
    const path = `/api/conversations/${conversationId}/messages/`;
    const one = await ada.send('POST', path, { message: 'one' });
    await ada.send('POST', path, { message: 'two' });
    const id = `resp_${String(one.headers['turn-id']).replaceAll('-', '')}`;
    const { headers } = await respond(ada, { previous_response_id: id, input: 'three' });
    expect(sentMessages()).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: one.body.response },
      { role: 'user', content: 'three' },
    ]);
    expect(headers['conversation-id']).toBe(conversationId);
    expect((await readBack(ada, id)).body).toMatchObject({ status: 'completed', tools: [] });
    await expectPaid(app, ada, 3);
  });

  it('accepts any number of continuations of one turn, also at once', async () => {
    const ada = await app.newUser();
    const { body } = await respond(ada, {});
    const inputs = ['one', 'two', 'three', 'four'];
    const answers = await Promise.all(
      inputs.map((input) => respond(ada, { previous_response_id: body.id, input })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await expectPaid(app, ada, 5);
  });

  it('replaces an item reference by its item', async () => {
    const ada = await app.newUser();
    callAdd(provider);
    const { body } = await respond(ada, { tools: [{ type: 'function', name: 'add' }] });
    provider.delayWith(undefined);
    const input = [
      { role: 'user', content: 'hi' },
      { type: 'item_reference', id: body.output[0].id },
      { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: '3' }] },
    ];
    expect((await respond(ada, { input })).status).toBe(200);
    expect(sentMessages()).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'c1' }] },
      { role: 'tool', content: '3' },
    ]);
    const bob = await app.newUser();
    const calls = provider.calls;
    const refused = await respond(bob, { input });
    expect([refused.status, refused.body.error.code]).toEqual([404, 'not_found']);
    expect([provider.calls, await bob.balance()]).toEqual([calls, 4000]);
  });

  it('answers 404 to a previous response that is unknown, another user’s or not stored', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const othersId = (await respond(ada, {})).body.id as string;
    const unkept = (await respond(bob, { store: false })).body.id as string;
    const calls = provider.calls;
    for (const previous_response_id of [othersId, unkept, UNKNOWN_ID, 'resp_1', 'x']) {
      for (const stream of [true, false]) {
        const { status, body } = await respond(bob, { previous_response_id, stream });
        expect([status, body.error.param, body.error.code]).toEqual([
          404,
          'previous_response_id',
          'previous_response_not_found',
        ]);
      }
      const read = await readBack(bob, previous_response_id);
      const removed = await bob.send('DELETE', `/v1/responses/${previous_response_id}`);
      expect([read.status, removed.status]).toEqual([404, 404]);
      expect(read.body.error.type).toBe('invalid_request_error');
    }
    expect(provider.calls).toBe(calls);
    expect(await bob.balance()).toBe(3900);
    expect((await readBack(ada, othersId)).status).toBe(200);
  });

  it('replays a key, streamed or whole, separately from other routes', async () => {
    const ada = await app.newUser();
    const key = { 'Idempotency-Key': 'once' };
    const before = (await respond(ada, {})).body.id as string;
    const fields = { previous_response_id: before, tools: [{ type: 'function', name: 'add' }] };
    await complete(ada, {}, key);
    const first = await respond(ada, fields, key);
    const calls = provider.calls;
    await ada.send('DELETE', `/v1/responses/${before}`);
    const again = await respond(ada, fields, key);
    expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([
      undefined,
      'true',
    ]);
    expect(again.body).toEqual(first.body);
    const other = await respond(ada, { ...fields, input: 'else' }, key);
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    expect(provider.calls).toBe(calls);
    expect(await ada.balance()).toBe(3700);
  });

  it('reports cached and reasoning counts, also replayed and read back', async () => {
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
    const key = { 'Idempotency-Key': 'details' };
    const first = await respond(ada, {}, key);
    expect(first.body.usage).toEqual({
      ...{ input_tokens: 20, output_tokens: 9, total_tokens: 29 },
      input_tokens_details: { cached_tokens: 16 },
      output_tokens_details: { reasoning_tokens: 7 },
    });
    expect((await respond(ada, {}, key)).body).toEqual(first.body);
    expect((await readBack(ada, first.body.id as string)).body).toEqual(first.body);
    const streamed = eventsOf(await respond(ada, { stream: true }, key)).at(-1);
    expect(streamed).toMatchObject({ response: { usage: first.body.usage } });
    expect(await ada.balance()).toBe(3900);
  });

  it('replays a stream as a stream', async () => {
    const ada = await app.newUser();
    const key = { 'Idempotency-Key': 'stream' };
    callAdd(provider);
    const fields = { tools: [{ type: 'function', name: 'add' }], stream: true };
    const first = eventsOf(await respond(ada, fields, key));
    const again = eventsOf(await respond(ada, fields, key));
    expect(again.at(-1)?.['response']).toEqual(first.at(-1)?.['response']);
    await expectPaid(app, ada, 1);
  });

  it('does not change a wallet that has too little', async () => {
    const poor = await app.newUser({ tokens: 99 });
    const calls = provider.calls;
    for (const stream of [false, true]) {
      const { status, body, headers } = await respond(poor, { stream });
      expect([status, body.error.code, headers['x-should-retry']]).toEqual([
        402,
        'insufficient_quota',
        'false',
      ]);
    }
    expect([provider.calls, await poor.balance()]).toEqual([calls, 99]);
    expect(await poor.history()).toEqual([]);
  });
});
