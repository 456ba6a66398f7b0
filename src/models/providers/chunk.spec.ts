import { describe, expect, it } from '@jest/globals';
import { SILENT, step, type AnswerState } from './answer-machine.js';
import type { CompletionDelta } from './provider.js';

const choice = (delta: unknown, finish_reason: unknown = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});
const word = choice({ content: 'Hi' });
const stop = choice({}, 'stop');
const usage = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };

/** The answer after these events, and the output that they had. */
function after(...events: object[]) {
  let state: AnswerState = SILENT;
  const deltas: CompletionDelta[] = [];
  for (const event of events) {
    const next = step(state, { name: '', text: JSON.stringify(event) });
    state = next.state;
    if (next.delta) deltas.push(next.delta);
  }
  return { state, deltas };
}

describe('an event of an answer', () => {
  it.each<[string, unknown, object[]]>([
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
    ['a thought', { reasoning_content: 'hm' }, [{ text: '', reasoning: 'hm' }]],
    ['a thought by another name', { reasoning: 'hm' }, [{ text: '', reasoning: 'hm' }]],
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
    ...['thinking', 'reasoning_text'].map((name): [string, unknown, object[]] => [
      name,
      { [name]: 'hm' },
      [{ text: '', reasoning: 'hm' }],
    ]),
    [
      'a thought in details',
      {
        reasoning_details: [{ type: 'reasoning.text', text: 'h' }, { summary: 'm' }, { data: 'x' }],
      },
      [{ text: '', reasoning: 'hm' }],
    ],
    ['a list of texts', { content: ['H', 'i'] }, [{ text: 'Hi' }]],
    ['one part', { content: { type: 'text', text: 'Hi' } }, [{ text: 'Hi' }]],
    ['a role', { role: 'assistant', content: '' }, []],
    ['null', { content: null, reasoning_content: null, tool_calls: null }, []],
    ['parts without text', { content: [{ type: 'image' }, null, 5] }, []],
    ['numbers', { content: 5 }, []],
    ['calls that are none', { tool_calls: [null, 'x'] }, []],
    ['no delta', undefined, []],
  ])('takes %s for its output', (_, delta, deltas) => {
    const told = deltas.map((one) => ({ type: 'delta', ...one }));
    expect(after(choice(delta)).deltas).toEqual(told);
  });

  it('takes a whole message where nothing was streamed, and not once more where it was', () => {
    const whole = {
      choices: [{ message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    };
    expect(after(whole).deltas).toEqual([{ type: 'delta', text: 'Hi' }]);
    expect(after(word, whole).deltas).toHaveLength(1);
    expect(after(word, whole).state.phase).toBe('ended');
  });

  it('takes a call in its older form', () => {
    const older = choice({ function_call: { name: 'f', arguments: '{}' } });
    const { state, deltas } = after(older, choice({}, 'function_call'));
    const called = { name: 'f', arguments: '{}' };
    expect(deltas).toMatchObject([
      { toolCalls: [{ index: 0, type: 'function', function: called }] },
    ]);
    expect(state.finishReason).toBe('tool_calls');
  });

  it.each([
    [{ usage: { input_tokens: 3, output_tokens: 4 } }, 4],
    [{ usage: { prompt_tokens: 0, completion_tokens: 0 } }, 4],
    [{ usage: { prompt_tokens: 3, completion_tokens: 9 } }, 9],
  ])('takes of several usages the last that counts: %j', (told, completionTokens) => {
    expect(after(word, stop, usage, told).state.usage?.completionTokens).toBe(completionTokens);
  });

  it('takes the first choice, and no other', () => {
    const second = { choices: [{ index: 1, delta: { content: 'No' }, finish_reason: 'stop' }] };
    expect(after(word, second)).toEqual(after(word));
  });
});
