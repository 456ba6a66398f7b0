import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { FLAT, METERED, modelsFile } from '../support/models-file.js';
import { StatementLog } from '../support/statement-log.js';
import { calling, eventsOf, respond, saying, textIn } from '../support/responses.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

/** Gemini refuses a call that is sent back without its extra fields. */
const extra_content = { google: { thought_signature: 'EjQKMgEMOdbHJChL' } };
const CALL = {
  ...{ id: 'a', type: 'function', function: { name: 'weather', arguments: '{}' } },
  extra_content,
};
const signs: Behaviour = async (call) => {
  const last = call.body.messages.findLast(({ role }) => role === 'assistant');
  call.open();
  if (last) await call.delta(JSON.stringify(last['tool_calls' as 'content']));
  else await call.event({ choices: [{ index: 0, delta: { tool_calls: [CALL] } }] });
  await call.finish();
  await call.end();
};

describe('the context of a response', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    const calls = calling(['c1', 'add', '{"a":1}']);
    upstream = await Upstream.start({ says: saying('Hello'), signs, calls });
    const model = { provider: 'loopback', upstream: 'says', contextTokens: 1000, maxTokens: 100 };
    const models = [
      { id: 'flat', ...model, price: FLAT },
      { id: 'signs', ...model, upstream: 'signs', price: FLAT },
      { id: 'metered', ...model, price: METERED },
      { id: 'calls', ...model, upstream: 'calls', price: FLAT },
    ];
    const providers = { loopback: { baseUrl: upstream.baseUrl } };
    app = await TestApp.start('sqlite', modelsFile({ providers, models }));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  it('includes the provider’s extra fields of a call, streamed and whole, by items and by id', async () => {
    const ada = await app.newUser();
    const tools = [{ type: 'function', name: 'weather', parameters: {} }];
    const ask = { model: 'signs', tools, input: 'Rain?' };
    const { body } = await respond(ada, ask);
    const [item] = body.output as [{ call_id: string }];
    expect(item).toMatchObject({ type: 'function_call', call_id: 'a', extra_content });
    const streamed = eventsOf(await respond(ada, { ...ask, stream: true })).at(-1);
    expect(streamed?.['response'].output).toMatchObject([{ type: 'function_call', extra_content }]);
    const output = { type: 'function_call_output', call_id: 'a', output: 'rain' };
    for (const further of [
      { input: [{ role: 'user', content: 'Rain?' }, item, output] },
      { previous_response_id: body.id as string, input: [output] },
    ]) {
      const next = await respond(ada, { ...ask, ...further });
      expect(JSON.parse(textIn(next.body))).toEqual([CALL]);
    }
    expect(await ada.balance()).toBe(4000 - 400);
  });

  it('is paid for; if it is too long, the response is refused or cut', async () => {
    const ada = await app.newUser({ tokens: 100_000 });
    const words = 'word '.repeat(200);
    const first = await respond(ada, { model: 'flat', input: words });
    const second = { previous_response_id: first.body.id, input: words };
    const { id } = (await respond(ada, { model: 'flat', ...second })).body;
    const third = { model: 'metered', previous_response_id: id, input: words };
    const calls = upstream.calls.length;
    const balance = await ada.balance();
    const refused = await respond(ada, third);
    const messages = [{ role: 'user', content: words.repeat(4) }];
    const long = await ada.send('POST', '/v1/chat/completions', { model: 'metered', messages });
    for (const { status, body } of [refused, long]) {
      expect([status, body.error.code]).toEqual([400, 'context_length_exceeded']);
    }
    expect([refused, long].map(({ body }) => String(body.error.param))).toEqual([
      'input',
      'messages',
    ]);
    expect([upstream.calls.length, await ada.balance()]).toEqual([calls, balance]);
    const cut = await respond(ada, { ...third, truncation: 'auto' });
    expect([cut.status, cut.body.truncation]).toEqual([200, 'auto']);
    expect(upstream.last.body.messages.map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'user'],
    ]);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    // 10 and 5 model tokens, at 1 and 2 each.
    expect(await ada.balance()).toBe(balance - 20);
  });

  it('contains no output of a tool whose call was cut or deleted', async () => {
    const ada = await app.newUser();
    const words = { role: 'user', content: 'word '.repeat(200) };
    const first = await respond(ada, { model: 'calls', input: [words] });
    const output = { type: 'function_call_output', call_id: 'c1', output: 'three' };
    const second = await respond(ada, {
      ...{ model: 'flat', previous_response_id: first.body.id, input: [output, words] },
    });
    const next = { model: 'flat', previous_response_id: second.body.id, input: [words] };
    const roles = () => upstream.last.body.messages.map(({ role }) => role);
    expect([second.status, roles()]).toEqual([200, ['user', 'assistant', 'tool', 'user']]);
    expect((await respond(ada, { ...next, truncation: 'auto' })).status).toBe(200);
    expect(roles()).toEqual(['user', 'assistant', 'user']);
    await ada.send('DELETE', `/v1/responses/${String(first.body.id)}`);
    expect((await respond(ada, next)).status).toBe(200);
    expect(roles()).toEqual(['user', 'assistant', 'user']);
    // The caller's own output of that call is still refused, because the answer with its call was deleted.
    const calls = upstream.calls.length;
    expect((await respond(ada, { ...next, input: [output] })).status).toBe(400);
    expect([upstream.calls.length, await ada.balance()]).toEqual([calls, 3600]);
  });

  it('may come without new input', async () => {
    const ada = await app.newUser();
    const { body } = await respond(ada, { input: 'hi' });
    const going = { model: 'flat', previous_response_id: body.id as string, input: undefined };
    expect((await respond(ada, going)).status).toBe(200);
    expect(upstream.last.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(await ada.balance()).toBe(3800);
  });

  it('may refer to an item any number of times, up to 4 MiB in all', async () => {
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
    // As one text this would be longer than the maximum length of a string.
    const { status, body: refusal } = await referring(9_000);
    expect([status, refusal.error.param]).toEqual([400, 'input']);
    expect(await ada.balance()).toBe(balance);
  });

  it('includes at most 4 MiB of earlier text', async () => {
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
    const sent = await StatementLog.of(app.nest).during(async () => {
      const refused = await respond(ada, next);
      expect([refused.status, refused.body.error.param]).toEqual([400, 'input']);
    });
    // Only the lengths are read, and none of the texts.
    expect(sent.filter(({ sql }) => sql.includes('turns')).map(({ name }) => name)).toEqual([
      'turn.chain',
    ]);
    expect([upstream.calls.length, await ada.balance()]).toEqual([calls, 3500]);
    // Another user does not learn that the response exists, nor that it is long.
    const other = await app.newUser();
    const hidden = await respond(other, next);
    expect([hidden.status, hidden.body.error.code]).toEqual([404, 'previous_response_not_found']);
    expect([upstream.calls.length, await other.balance()]).toEqual([calls, 4000]);
    expect((await respond(ada, { ...next, truncation: 'auto' })).status).toBe(200);
    expect(upstream.last.body.messages).toHaveLength(9);
    expect(await ada.balance()).toBe(3400);
  });
});
