import { describe, expect, it } from '@jest/globals';
import { stageModels } from '../support/stages.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { EventReader } from '../support/sse.js';
import type { Behaviour } from '../support/upstream.js';

const MESSAGE = 'How are you?';
const messages = [{ role: 'user', content: MESSAGE }];
const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }];

const chunk = (delta: object) => ({ choices: [{ index: 0, delta, finish_reason: null }] });

/** Gemini refuses a call that is sent back without the signature of its thinking. */
const SIGNATURE = 'EjQKMgEMOdbHJChL';
const signed = { extra_content: { google: { thought_signature: SIGNATURE } } };

const BEHAVIOURS: Record<string, Behaviour> = {
  thinks: async (call) => {
    call.open();
    await call.event(chunk({ reasoning_content: 'Let me ' }));
    await call.event(chunk({ reasoning_content: 'see.' }));
    await call.delta('Fine.');
    await call.finish();
    await call.event({
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 65 },
    });
    await call.end();
  },
  // Reports no usage, so the thinking is estimated.
  'thinks-uncounted': async (call) => {
    call.open();
    await call.event(chunk({ reasoning: 'abc'.repeat(10) }));
    await call.delta('abc');
    await call.finish();
    await call.end();
  },
  'wants-it-back': async (call) => {
    const last = call.body.messages.findLast(({ role }) => role === 'assistant');
    call.open();
    if (last && !('reasoning_content' in last && JSON.stringify(last).includes(SIGNATURE))) {
      await call.event({ error: { message: 'reasoning_content, or a signature, is missing' } });
    } else if (last) {
      await call.delta('It rains.');
      await call.finish();
    } else {
      await call.event(chunk({ reasoning_content: 'I ask.' }));
      const called = { name: 'weather', arguments: '{}' };
      await call.event(
        chunk({ tool_calls: [{ id: 'a', type: 'function', function: called, ...signed }] }),
      );
      await call.finish('tool_calls');
    }
    await call.end();
  },
};

describe.each(databaseKinds)('reasoning on %s', (kind) => {
  const stage = stageModels(kind, BEHAVIOURS);

  const complete = (caller: Caller, model: string, more: object = {}, headers = {}) =>
    caller.send('POST', '/v1/chat/completions', { model, messages, ...more }, headers);

  it('is a separate event in a stream, is stored separately, and is replayed', async () => {
    const ada = await stage.app.newUser();
    const calls = stage.upstream.calls.length;
    const body = { message: MESSAGE, model: 'metered:thinks', stream: true };
    for (const deltas of [['Let me ', 'see.'], ['Let me see.']]) {
      const reader = await EventReader.open(stage.app.url, ada, body, { 'Idempotency-Key': 'k' });
      const events = await reader.all();
      const thoughts = events.filter(({ name }) => name === 'reasoning');
      expect(thoughts).toEqual(deltas.map((text) => ({ name: 'reasoning', content: { text } })));
      expect(reader.text).toBe('Fine.');
      // 10 model tokens of the prompt at 1, and 55 at 2. The total includes the thinking.
      expect(events.at(-1)).toMatchObject({
        ...{ name: 'done', content: { response: 'Fine.', tokens_charged: 120 } },
      });
    }
    expect(stage.upstream.calls).toHaveLength(calls + 1);
    expect(await ada.history()).toMatchObject([{ response: 'Fine.', status: 'complete' }]);
    expect(await stage.app.database.count('turns', `reasoning = 'Let me see.'`)).toBe(1);
    expect(await ada.balance()).toBe(4000 - 120);
  });

  it('is a field on /v1, streamed and not, and in a replay', async () => {
    const ada = await stage.app.newUser();
    for (const key of [undefined, 'k', 'k']) {
      const headers = key === undefined ? {} : { 'Idempotency-Key': key };
      const { body } = await complete(ada, 'flat:thinks', {}, headers);
      expect(body.choices[0].message).toMatchObject({
        ...{ content: 'Fine.', reasoning_content: 'Let me see.' },
      });
      expect(body.usage).toMatchObject({
        prompt_tokens: 10,
        completion_tokens: 55,
        total_tokens: 65,
      });
    }
    const { raw } = await complete(ada, 'flat:thinks', { stream: true });
    expect(raw).toContain('"delta":{"reasoning_content":"Let me "}');
    const seed = await ada.send('POST', '/api/chat/', { message: MESSAGE, model: 'flat:thinks' });
    expect(Object.keys(seed.body)).toEqual(['message', 'response', 'timestamp']);
    expect(await ada.balance()).toBe(4000 - 400);
  });

  it('is counted if the provider reports no usage', async () => {
    const ada = await stage.app.newUser();
    const { body } = await complete(ada, 'metered:thinks-uncounted');
    expect(body.usage).toMatchObject({ prompt_tokens: 8, completion_tokens: 11 });
    expect(await ada.balance()).toBe(4000 - 8 - 22);
  });

  it('is sent back to the model with its tool calls', async () => {
    const ada = await stage.app.newUser();
    const first = await complete(ada, 'flat:wants-it-back', { tools });
    const { message } = first.body.choices[0];
    expect(message.reasoning_content).toBe('I ask.');
    const said = [...messages, message, { role: 'tool', tool_call_id: 'a', content: 'rain' }];
    const second = await complete(ada, 'flat:wants-it-back', { tools, messages: said });
    expect([second.status, second.body.choices[0].message.content]).toEqual([200, 'It rains.']);
    // Fields that are null are left out. If an answer has only calls, its content is null.
    const { refusal, ...kept } = message as Record<string, unknown>;
    expect([refusal, kept['content']]).toEqual([null, null]);
    expect(stage.upstream.last.body.messages).toMatchObject([...messages, kept, said.at(-1)]);
    expect(await ada.balance()).toBe(4000 - 200);
  });
});
