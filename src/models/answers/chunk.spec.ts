import { describe, expect, it } from '@jest/globals';
import { after, choice, stop, word } from '../../../test/support/answer-steps.js';
import { step } from './answer-machine.js';

const DETAILS = [{ type: 'reasoning.text', text: 'h' }, { summary: 'm' }, { data: 'x' }];
const BLOCKS = [{ type: 'thinking', thinking: 'hm', signature: 's' }, { data: 'x' }];
const usage = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };

/** A name, a delta, and its output. */
type Row = [string, unknown, object[]];

describe('an event of an answer', () => {
  it.each<Row>([
    ['text', { content: 'Hi' }, [{ text: 'Hi' }]],
    [
      'parts',
      {
        content: [
          { type: 'text', text: 'H' },
          { type: 'text', text: 'i' },
        ],
      },
      [{ text: 'Hi' }],
    ],
    ['a refusal', { refusal: 'No.' }, [{ text: 'No.' }]],
    [
      'a thought by both',
      { reasoning_content: 'hm', reasoning: 'hm' },
      [{ text: '', reasoning: 'hm' }],
    ],
    [
      'a thought as a part',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
          { type: 'text', text: 'Hi' },
        ],
      },
      [{ text: 'Hi', reasoning: 'hm' }],
    ],
    ...['reasoning_content', 'reasoning', 'thinking', 'reasoning_text'].map((name): Row => [
      name,
      { [name]: 'hm' },
      [{ text: '', reasoning: 'hm' }],
    ]),
    ...[{ reasoning_details: DETAILS }, { thinking_blocks: BLOCKS }].map((parts): Row => [
      'parts',
      parts,
      [{ text: '', reasoning: 'hm', thoughtParts: parts }],
    ]),
    ['a list of texts', { content: ['H', 'i'] }, [{ text: 'Hi' }]],
    ['one part', { content: { type: 'text', text: 'Hi' } }, [{ text: 'Hi' }]],
    ['a role', { role: 'assistant', content: '' }, []],
    ['null', { content: null, reasoning_content: null, tool_calls: null }, []],
    ['parts without text', { content: [{ type: 'image' }, null, true] }, []],
    ['a number', { content: 5 }, [{ text: '5' }]],
    ['calls that are none', { tool_calls: [null, 'x'] }, []],
    ['no delta', undefined, []],
  ])('takes %s for its output', (_, delta, deltas) => {
    const expected = deltas.map((one) => ({ type: 'delta', ...one }));
    expect(after(choice(delta)).deltas).toEqual(expected);
  });

  const message = (content: string | null, more: object = {}) => ({
    choices: [{ message: { role: 'assistant', content, ...more }, finish_reason: 'stop' }],
  });
  const beside = (content: string) => ({
    choices: [{ delta: { content }, message: { content: 'Hi there' } }],
  });
  const called = { tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{"x":1}' } }] };

  it.each<[string, object[], (string | undefined)[]]>([
    ['a message alone', [message('Hi')], ['Hi']],
    ['what was streamed', [word, message('Hi')], ['Hi']],
    ['more than was streamed', [word, message('Hi there')], ['Hi', ' there']],
    ['what was streamed, in other words', [word, message('hi')], ['Hi']],
    ['pieces', [message('Hi'), message(' there')], ['Hi', ' there']],
    ['all so far, again and again', [message('Hi'), message('Hi there')], ['Hi', ' there']],
    ['all so far, beside deltas', ['Hi', ' there', ''].map(beside), ['Hi', ' there']],
    ['an answer beside an empty delta', [beside('')], ['Hi there']],
    ['a call that was not streamed', [word, message('Hi', called)], ['Hi', '']],
    ['a call that was', [choice(called), message(null, called)], ['']],
    ['the same piece twice, in deltas', [word, word, stop], ['Hi', 'Hi']],
  ])('reads a message that has %s', (_, events, texts) => {
    const { state, deltas } = after(...events);
    expect(deltas.map(({ text }) => text)).toEqual(texts);
    expect(state.calls.length).toBe(JSON.stringify(events).includes('tool_calls') ? 1 : 0);
  });

  it('reads reasoning once if the last message repeats it', () => {
    const thought = choice({ reasoning_content: 'hm' });
    const { deltas } = after(thought, word, message('Hi', { reasoning_content: 'hm' }));
    expect(deltas.map(({ reasoning }) => reasoning)).toEqual(['hm', undefined]);
  });

  it('reads the older form of a tool call', () => {
    const older = choice({ function_call: { name: 'f', arguments: '{"x":1}' } });
    const { state, deltas } = after(older, choice({}, 'function_call'));
    const called = { name: 'f', arguments: '{"x":1}' };
    expect(deltas).toMatchObject([
      { toolCalls: [{ index: 0, type: 'function', function: called }] },
    ]);
    expect(state.finishReason).toBe('tool_calls');
  });

  it.each([
    [{ usage: { input_tokens: 3, output_tokens: 4 } }, 4],
    [{ usage: { prompt_tokens: 0, completion_tokens: 0 } }, 4],
    [{ usage: { prompt_tokens: 3, completion_tokens: 9 } }, 9],
    [{ usage: { prompt_tokens: 3 } }, 4],
    [{ usage: { completion_tokens: 9 } }, 9],
  ])('uses the last valid one of several usages: %j', (reported, completionTokens) => {
    expect(after(word, stop, usage, reported).state.usage?.completionTokens).toBe(completionTokens);
  });

  it.each<[string, object, object]>([
    [
      'in the total',
      { prompt_tokens: 10, completion_tokens: 2, total_tokens: 15 },
      { promptTokens: 10, completionTokens: 5 },
    ],
    [
      'without a total',
      {
        prompt_tokens: 3,
        completion_tokens: 2,
        completion_tokens_details: { reasoning_tokens: 5 },
      },
      { promptTokens: 3, completionTokens: 7, reasoningTokens: 5 },
    ],
  ])('counts reasoning that is reported beside the answer %s', (_, usage, counted) => {
    expect(after(word, { choices: [], usage }).state.usage).toEqual(counted);
  });

  it.each<[string, object, object]>([
    [
      'OpenAI',
      { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 6 } },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 6 },
    ],
    [
      'DeepSeek',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_cache_hit_tokens: 6 },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 6 },
    ],
    [
      'Moonshot',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cached_tokens: 6 },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 6 },
    ],
    [
      'Anthropic, beside the prompt',
      {
        input_tokens: 1,
        output_tokens: 5,
        cache_read_input_tokens: 6,
        cache_creation_input_tokens: 3,
      },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 6 },
    ],
    [
      'Anthropic, where the cache is only written',
      {
        input_tokens: 21,
        output_tokens: 393,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 188_086,
      },
      { promptTokens: 188_107, completionTokens: 393, cachedPromptTokens: 0 },
    ],
    [
      'who passes that on, with a total',
      { prompt_tokens: 4, completion_tokens: 5, total_tokens: 15, cache_read_input_tokens: 6 },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 6 },
    ],
    [
      'LiteLLM, in the prompt',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cache_read_input_tokens: 6 },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: 6 },
    ],
    [
      'no provider: a count below 0',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cache_read_input_tokens: -6 },
      { promptTokens: 10, completionTokens: 5, cachedPromptTokens: -6 },
    ],
  ])('counts cached prompt tokens as reported by %s', (_, usage, counted) => {
    expect(after(word, { choices: [], usage }).state.usage).toEqual(counted);
  });

  it.each([
    ['ping', '2023-02-20 08:40:33.556053'],
    ['keepalive', '{"type":"anything"}'],
    ['', 'ping'],
    ['', ' keep-alive 5'],
  ])('is only a sign of life if its name is %j and its data %j', (name, text) => {
    expect(step(after(word).state, { name, text }).state).toEqual(after(word).state);
  });

  it('has words beside a number that JSON does not have', () => {
    const chunk = JSON.stringify(choice({ content: 'NaN: "Infinity"' }, 'stop'));
    const { state, deltas } = after(chunk.replace('"index":0', '"index":0,"logprob":-Infinity'));
    expect([state.phase, deltas.map(({ text }) => text)]).toEqual(['ended', ['NaN: "Infinity"']]);
  });

  it.each(['"[DONE]"', '[done]', '\ufeff[DONE]', `[DONE]${' '.repeat(100)}`])(
    'ends an answer as %s',
    (done) => {
      expect(after(word, done, word)).toEqual(after(word, '[DONE]'));
      expect(after(word, choice({ content: done })).state.phase).toBe('open');
    },
  );

  it('reads finishReason if finish_reason is empty', () => {
    const camel = { choices: [{ delta: {}, finish_reason: null, finishReason: 'MAX_TOKENS' }] };
    expect(after(word, camel).state).toMatchObject({ phase: 'ended', finishReason: 'length' });
  });

  it.each([stop, '[DONE]'])(
    'reports {} as the arguments of a call without arguments, at its end: %j',
    (last) => {
      const call = { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } };
      const { state, deltas } = after(choice({ tool_calls: [call] }));
      expect(deltas).toMatchObject([{ toolCalls: [{ id: 'a', function: { arguments: '' } }] }]);
      const text = typeof last === 'string' ? last : JSON.stringify(last);
      const { state: ended, delta } = step(state, { name: '', text });
      expect(delta?.toolCalls).toEqual([{ index: 0, function: { arguments: '{}' } }]);
      expect(ended.finishReason).toBe('tool_calls');
    },
  );

  it('reads the first choice only', () => {
    const second = { choices: [{ index: 1, delta: { content: 'No' }, finish_reason: 'stop' }] };
    expect(after(word, second)).toEqual(after(word));
  });
});
