import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { byEffort } from '../../../test/support/effort.js';
import { seed } from '../../../test/support/seeded-random.js';
import { chunkOf } from './chunk.js';
import { plainWordIn } from './plain-word.js';

const event = (delta: object, ofChoice: object = {}, ofEvent: object = {}) => ({
  ...{ id: 'c-1', object: 'chat.completion.chunk', created: 1, model: 'm', ...ofEvent },
  choices: [{ index: 0, delta, finish_reason: null, ...ofChoice }],
});

/** Values that mean something in one field or another. */
const anyValue = fc.constantFrom<unknown>(
  ...[null, '', 'Hi', 'error', 'stop', 'tool', 'function', 0, 1, true, false, [], {}, ['Hi']],
  ...[
    { error: 'x' },
    { message: 'x' },
    { completion_tokens: 3 },
    [{ text: 'Hi' }],
    { content: 'Hi' },
  ],
);
const fieldsWith = (names: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...names), anyValue, { maxKeys: 3 });
const anyEvent = fc
  .record({
    ofEvent: fieldsWith(
      ['object', 'type', 'error', 'usage', 'x_groq', 'base_resp', 'id', 'stop_reason'].concat(
        ...['provider', 'service_tier', 'finish_reason', 'status', '__proto__'],
      ),
    ),
    ofChoice: fieldsWith(
      ['index', 'delta', 'message', 'text', 'error', 'usage', 'logprobs', 'finish_reason'].concat(
        ...['finishReason', 'stop_reason', 'done_reason', 'native_finish_reason'],
      ),
    ),
    delta: fieldsWith(
      ['content', 'role', 'text', 'refusal', 'reasoning', 'thinking_blocks', 'error'].concat(
        ...['reasoning_content', 'tool_calls', 'function_call', 'finish_reason'],
      ),
    ),
    content: fc.option(fc.string(), { nil: undefined }),
    isOfOpenAi: fc.boolean(),
  })
  .map(({ ofEvent, ofChoice, delta, content, isOfOpenAi }) =>
    isOfOpenAi
      ? event({ content: content ?? '', ...delta }, ofChoice, ofEvent)
      : event({ ...delta, content }, ofChoice, ofEvent),
  );

describe('plainWordIn', () => {
  it.each([
    ['OpenAI', event({ content: 'Hi' }, { logprobs: null }, { service_tier: 'default' })],
    ['its first event', event({ role: 'assistant', content: '', refusal: null })],
    ['a server with a field for reasoning', event({ content: 'Hi', reasoning_content: null })],
    ['a server that names no object', event({ content: 'Hi' }, {}, { object: undefined })],
    ['a server that sends empty counts', event({ content: 'Hi' }, {}, { usage: null })],
  ])('reads the word of %s', (_, sent) => {
    const { content } = sent.choices[0]?.delta as { content: string };
    expect(plainWordIn(sent, 0)).toBe(content);
  });

  it.each([
    ['reasoning', event({ content: 'Hi', reasoning: 'hm' })],
    ['a call', event({ content: 'Hi', tool_calls: [{ index: 0 }] })],
    ['a finish reason', event({ content: 'Hi' }, { finish_reason: 'stop' })],
    ['counts', event({ content: 'Hi' }, {}, { usage: { completion_tokens: 1 } })],
    ['an error', event({ content: 'Hi' }, {}, { error: 'x' })],
    ['another choice', event({ content: 'Hi' }, { index: 1 })],
    ['a content that is a list', event({ content: ['Hi'] })],
    ['a message', event({ content: 'Hi' }, { message: { content: 'Hi' } })],
    ['another kind of object', event({ content: 'Hi' }, {}, { object: 'error' })],
    ['no choice', { ...event({ content: 'Hi' }), choices: [] }],
  ])('leaves an event with %s to the full reading', (_, sent) => {
    expect(plainWordIn(sent, 0)).toBeUndefined();
  });

  it('finds the same as the full reading', () => {
    fc.assert(
      fc.property(anyEvent, fc.constantFrom(undefined, 0, 1), (sent, number) => {
        // A list that is written as an object means the same, and is never read as a plain word.
        const asObject = { ...sent, choices: { 0: sent.choices[0] } };
        const read = (value: object) => chunkOf({ name: '', text: JSON.stringify(value) }, number);
        expect(plainWordIn(JSON.parse(JSON.stringify(asObject)), number ?? 0)).toBeUndefined();
        expect(read(sent)).toEqual(read(asObject));
      }),
      { seed, numRuns: byEffort({ light: 500, full: 20_000 }) },
    );
  });
});
