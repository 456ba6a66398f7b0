import { isDeepStrictEqual } from 'node:util';
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

interface Message {
  readonly role: string;
  readonly reasoning_details?: unknown;
}

/** The parts as OpenRouter streams them, and as it requires them back. */
const PIECES = [
  [{ type: 'reasoning.text', text: 'Let me ', index: 0 }],
  [{ type: 'reasoning.text', text: 'see.', index: 0, signature: null }],
  [{ type: 'reasoning.text', signature: 'Sig1', index: 0 }],
  [{ type: 'reasoning.encrypted', data: 'Enc2', id: 'r', index: 1 }],
];
const DETAILS = [
  { type: 'reasoning.text', text: 'Let me see.', index: 0, signature: 'Sig1' },
  { type: 'reasoning.encrypted', data: 'Enc2', id: 'r', index: 1 },
];
const BLOCKS = [{ type: 'thinking', thinking: 'hm', signature: 'Sig3' }];

const PARTS: Record<string, Behaviour> = {
  'wants-parts-back': async (call) => {
    const last: Message | undefined = call.body.messages.findLast(
      ({ role }) => role === 'assistant',
    );
    call.open();
    if (last) {
      const isSame = isDeepStrictEqual(last.reasoning_details, DETAILS);
      await (isSame ? call.delta('It rains.') : call.event({ error: { message: 'no parts' } }));
      await call.finish();
    } else {
      for (const reasoning_details of PIECES) await call.event(chunk({ reasoning_details }));
      const called = { name: 'weather', arguments: '{"x":1}' };
      await call.event(chunk({ tool_calls: [{ id: 'a', type: 'function', function: called }] }));
      await call.finish('tool_calls');
    }
    await call.end();
  },
  'encrypted-alone': async (call) => {
    call.open();
    await call.event(chunk({ reasoning_details: DETAILS.slice(1) }));
    await call.delta('Fine.');
    await call.event(chunk({ thinking_blocks: BLOCKS }));
    await call.finish();
    await call.end();
  },
  'parts-without-end': async (call) => {
    call.open();
    if (call.body.messages.length === 1) await call.delta('Fine.');
    for (let n = 0; n < 4; n += 1) {
      const encrypted = { type: 'reasoning.encrypted', data: 'x'.repeat(400_000) };
      await call.event(chunk({ reasoning_details: [encrypted] }));
    }
    await call.delta('Never read.');
    await call.finish();
    await call.end();
  },
};

describe.each(databaseKinds)('reasoning in parts, on %s', (kind) => {
  const stage = stageModels(kind, PARTS);

  const complete = (caller: Caller, model: string, more: object = {}, headers = {}) =>
    caller.send('POST', '/v1/chat/completions', { model, messages, ...more }, headers);

  it('is sent back to the model on /v1, whole, streamed and replayed', async () => {
    const ada = await stage.app.newUser();
    const model = 'flat:wants-parts-back';
    for (const key of ['k', 'k']) {
      const { body } = await complete(ada, model, { tools }, { 'Idempotency-Key': key });
      const { message } = body.choices[0];
      expect(message).toMatchObject({
        reasoning_content: 'Let me see.',
        reasoning_details: DETAILS,
      });
      const said = [...messages, message, { role: 'tool', tool_call_id: 'a', content: 'rain' }];
      const second = await complete(ada, model, { tools, messages: said });
      expect([second.status, second.body.choices[0].message.content]).toEqual([200, 'It rains.']);
    }
    const { raw } = await complete(ada, model, { tools, stream: true });
    for (const reasoning_details of PIECES)
      expect(raw).toContain(`"reasoning_details":${JSON.stringify(reasoning_details)}`);
    const kept = JSON.stringify({ reasoning_details: DETAILS });
    const isKept = 'owner_id = $1 AND thought_parts = $2';
    const owner = await stage.app.ownerOf(ada);
    expect(await stage.app.database.count('turns', isKept, [owner, kept])).toBe(2);
    expect(await ada.balance()).toBe(4000 - 400);
  });

  it('is sent back to the model on /v1/responses, by items and by id', async () => {
    const ada = await stage.app.newUser();
    const body = { model: 'flat:wants-parts-back', tools: [{ type: 'function', name: 'weather' }] };
    const output = { type: 'function_call_output', call_id: 'a', output: 'rain' };
    const respond = (more: object) => ada.send('POST', '/v1/responses', { ...body, ...more });
    const first = await respond({ input: MESSAGE });
    const [thoughts] = first.body.output;
    expect(thoughts).toMatchObject({ type: 'reasoning', summary: [{ text: 'Let me see.' }] });
    expect(JSON.parse(thoughts.encrypted_content)).toEqual({ reasoning_details: DETAILS });
    const question = { role: 'user', content: MESSAGE };
    for (const more of [
      { input: [question, ...first.body.output, output] },
      { input: [output], previous_response_id: first.body.id },
    ]) {
      const second = await respond(more);
      expect([second.status, second.body.status]).toEqual([200, 'completed']);
      expect(stage.upstream.last.body.messages.at(-2)).toMatchObject({
        reasoning_details: DETAILS,
      });
    }
    const { raw } = await respond({ input: MESSAGE, stream: true });
    expect(raw).toContain(JSON.stringify(thoughts.encrypted_content));
    expect(await ada.balance()).toBe(4000 - 400);
  });

  it('is not part of the text of the answer if it is encrypted', async () => {
    const ada = await stage.app.newUser();
    const model = 'metered:encrypted-alone';
    const { body } = await complete(ada, model);
    expect(body.choices[0].message).toMatchObject({
      ...{ content: 'Fine.', reasoning_details: DETAILS.slice(1), thinking_blocks: BLOCKS },
    });
    const reader = await EventReader.open(stage.app.url, ada, {
      message: MESSAGE,
      model,
      stream: true,
    });
    const names = (await reader.all()).map(({ name }) => name);
    expect(names.filter((name) => name !== ':')).toEqual(['start', 'delta', 'reasoning', 'done']);
    const { body: response } = await ada.send('POST', '/v1/responses', { model, input: MESSAGE });
    const items = response.output as { type: string }[];
    expect(items.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    const { raw } = await ada.send('POST', '/v1/responses', {
      model,
      input: MESSAGE,
      stream: true,
    });
    expect(raw).toContain('Enc2');
    // Only words are counted: 8 of the prompt at 1, and 3 of "Fine." and "hm" at 2.
    expect(await ada.balance()).toBe(4000 - 4 * (8 + 2 * 3));
  });

  it('cuts the answer if it does not end, and what came before is paid', async () => {
    const ada = await stage.app.newUser();
    const { status, body } = await complete(ada, 'metered:parts-without-end');
    const [{ message, finish_reason: reason }] = body.choices;
    expect([status, message.content, reason]).toEqual([200, 'Fine.', 'length']);
    // The third piece would be more than 1 MiB. It is neither kept nor passed on.
    expect(message.reasoning_details).toHaveLength(2);
    // 8 of the prompt at 1, and 2 of "Fine." at 2.
    expect(await ada.balance()).toBe(4000 - 8 - 2 * 2);
    const { raw } = await complete(ada, 'flat:parts-without-end', { stream: true });
    expect(raw.split('reasoning.encrypted')).toHaveLength(1 + 2);
    expect(raw).toContain('"finish_reason":"length"');
    expect(raw).not.toContain('Never read.');
    expect(await ada.balance()).toBe(4000 - 8 - 2 * 2 - 100);
    expect(await stage.app.database.count('holds', `state = 'open'`)).toBe(0);
  });

  it('is paid at a flat price if the answer is cut before its first word', async () => {
    const ada = await stage.app.newUser();
    const said = [...messages, { role: 'assistant', content: 'Go on.' }, ...messages];
    const { body } = await complete(ada, 'flat:parts-without-end', { messages: said });
    expect(body.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'length' });
    expect(await ada.balance()).toBe(4000 - 100);
  });
});
