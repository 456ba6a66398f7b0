import { describe, expect, it } from '@jest/globals';
import { after, answerOf, choice, stop, word } from '../../../test/support/answer-steps.js';

const called = (...calls: object[]) => choice({ tool_calls: calls });
const usage = { prompt_tokens: 10, completion_tokens: 5 };
const DONE = '[DONE]';

describe('an answer in the form of one kind of server', () => {
  it.each<[string, (string | object)[], string]>([
    [
      'a code and a word of success in each event, and no reason (Spark)',
      [{ code: 0, message: 'Success', ...word }, { code: 0, message: 'Success', usage }, DONE],
      'Hi',
    ],
    ['an envelope that reports success first', [{ code: 200, msg: 'ok' }, word, stop, DONE], 'Hi'],
    [
      'the text beside an empty delta',
      [{ choices: [{ index: 0, text: 'Hi', delta: { role: 'assistant' } }] }, stop, DONE],
      'Hi',
    ],
    [
      'the text beside the same delta',
      [{ choices: [{ index: 0, text: 'Hi', delta: { content: 'Hi' } }] }, stop, DONE],
      'Hi',
    ],
    [
      'a text with a value',
      [choice({ content: [{ type: 'text', text: { value: 'Hi', annotations: [] } }] }), stop, DONE],
      'Hi',
    ],
    ['a reason that says that it continues', [choice({ content: 'Hi' }, 'running'), DONE], 'Hi'],
  ])('is whole with %s', (_, events, text) => {
    expect(answerOf(...events)).toMatchObject({ phase: 'over', text, calls: [] });
  });

  it.each<[string, (string | object)[]]>([
    ['a code that is not success', [{ code: 500, msg: 'ok' }, word, stop, DONE]],
    ['a message that is not success', [word, { code: 0, message: 'overloaded' }, stop, DONE]],
    ['an error beside the word of success', [word, { message: 'OK', error: 'x' }, stop, DONE]],
  ])('is broken with %s', (_, events) => {
    expect(answerOf(...events)).toMatchObject({ phase: 'broken' });
  });

  const X1 = '{"x":1}';
  it.each<[string, object[], string[]]>([
    [
      'without `function`, with arguments as an object (Cloudflare)',
      [called({ name: 'one', arguments: { x: 1 } }, { name: 'two', arguments: {} })],
      [`new one ${X1}`, 'new two {}'],
    ],
    [
      'with `parameters` (Llama)',
      [called({ id: 'a', function: { name: 'one', parameters: { x: 1 } } })],
      [`a one ${X1}`],
    ],
    [
      'without `function`, in pieces',
      [
        called({ index: 0, id: 'a', name: 'one', arguments: '{"x"' }),
        called({ index: 0, arguments: ':1}' }),
      ],
      [`a one ${X1}`],
    ],
    [
      'with one id and two names',
      [
        called({ id: 'a', function: { name: 'one', arguments: X1 } }),
        called({ id: 'a', function: { name: 'two', arguments: X1 } }),
      ],
      [`a one ${X1}`, `a two ${X1}`],
    ],
    [
      'with their name as the id',
      [
        called({ id: 'one', function: { name: 'one', arguments: X1 } }),
        called({ id: 'one', function: { name: 'one', arguments: '{"x"' } }),
        called({ id: 'one', function: { arguments: ':2}' } }),
      ],
      [`one one ${X1}`, 'one one {"x":2}'],
    ],
    [
      'with a new id in each piece',
      [
        called({ index: 0, id: 'a', function: { name: 'one', arguments: '' } }),
        called({ index: 0, id: 'b', function: { name: null, arguments: '' } }),
        called({ index: 0, id: 'c', function: { name: null, arguments: '{"x"' } }),
        called({ index: 0, id: 'd', function: { arguments: ':1}' } }),
        called({ index: 0, id: 'e', function: { arguments: '\n' } }),
        called({ index: 0, id: 'f', function: { name: 'two', arguments: X1 } }),
      ],
      [`a one ${X1}`, `f two ${X1}`],
    ],
    [
      'sent whole once more, in another spacing',
      [
        called({ id: 'a', function: { name: 'one', arguments: X1 } }),
        called({ id: 'a', function: { name: 'one', arguments: '{ "x": 1 }' } }),
      ],
      [`a one ${X1}`],
    ],
  ])('has its calls %s', (_, events, calls) => {
    expect(answerOf(...events, stop, DONE)).toMatchObject({ phase: 'over', calls });
  });

  it.each<[string, object[]]>([
    ['one by one', [{ prompt_tokens: 10 }, { completion_tokens: 5 }]],
    [
      'one by one, with 0 for the other',
      [
        { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10 },
        { prompt_tokens: 0, completion_tokens: 5, total_tokens: 5 },
      ],
    ],
    ['and then as 0', [usage, { prompt_tokens: 0, completion_tokens: 0 }]],
    ['once among events without it', [{}, usage, {}]],
  ])('has its usage %s', (_, reports) => {
    const events = reports.map((report) => ({ choices: [], usage: report }));
    const counts = { promptTokens: 10, completionTokens: 5 };
    expect(answerOf(word, ...events, stop, DONE).usage).toEqual(counts);
  });

  it.each(['null', '""', '[]', ' [ ]'])('is empty if its JSON is %s', (text) => {
    expect(after(word, text, word, stop, '[DONE]').state.phase).toBe('over');
    // Without a reason to end, it may stand for a word that was lost.
    expect(after(word, text, word, '[DONE]').state.phase).toBe('broken');
  });

  it.each<[string, object]>([
    ['an object', { index: 0, delta: { content: 'Hi' } }],
    ['an object with numbers (PHP)', { 1: { index: 0, delta: { content: 'Hi' } } }],
    ['a list whose delta is a text', [{ index: 0, delta: 'Hi' }]],
  ])('reads choices that are %s', (_, choices) => {
    expect(after({ choices }).deltas).toEqual([{ type: 'delta', text: 'Hi' }]);
  });

  it.each<[string, object]>([
    ['deltas', { delta: [{ content: 'H' }, { content: ['i', { type: 'text', text: '!' }] }] }],
    ['deltas that are texts', { delta: ['H', 'i!', null] }],
    ['a delta', { delta: [{ content: 'Hi!' }] }],
    ['messages', { message: [{ content: 'H' }, { content: 'i!' }] }],
    ['no delta (PHP), beside a message', { delta: [], message: { content: 'Hi!' } }],
    ['empty deltas, beside a text', { delta: [{}, { content: '' }], text: 'Hi!' }],
    ['parts of a content', { delta: { content: { parts: [{ text: 'H' }, { text: 'i!' }] } } }],
    ['the content of a part', { delta: { content: [{ type: 'text', content: 'Hi!' }] } }],
    ['an output text', { delta: { content: [{ type: 'output_text', output_text: 'Hi!' }] } }],
    ['a delta with another name', { delta: { text: 'Hi!' } }],
  ])('reads each word of %s', (_, fields) => {
    expect(answerOf({ choices: [fields] }, stop, DONE)).toMatchObject({
      phase: 'over',
      text: 'Hi!',
    });
  });

  it.each<[string, object]>([
    ['a text of the choice, beside a delta', { delta: {}, text: 'Hi', done_reason: 'length' }],
    ['a part that is a refusal', { delta: { content: [{ type: 'refusal', refusal: 'Hi' }] } }],
    ['a choice that is a text', 'Hi' as never],
  ])('reads the words in %s', (_, one) => {
    const events = [{ choices: [one] }, { choices: [], finish_reason: 'length' }, DONE];
    expect(after(...events).state.finishReason).toBe('length');
    expect(answerOf(...events)).toMatchObject({ phase: 'over', text: 'Hi' });
  });

  it.each(['tool', 'function'])('has no words of a delta or a message with the role %s', (role) => {
    const result = { role, tool_call_id: 'a', content: 'Found 3 files.' };
    const message = { choices: [{ index: 0, message: result }] };
    expect(answerOf(choice(result), word, message, stop, DONE)).toMatchObject({
      ...{ phase: 'over', text: 'Hi' },
    });
    // A result alone is no answer.
    expect(answerOf(choice(result), DONE)).toMatchObject({ phase: 'broken', text: '' });
  });

  it.each(['', 'model', 'ai', 'user'])('has the words of a delta with the role %j', (role) => {
    const events = [choice({ role, content: 'Hi' }), stop, DONE];
    expect(answerOf(...events)).toMatchObject({ phase: 'over', text: 'Hi' });
  });

  it.each<[object, string, string | undefined]>([
    [{ choices: [{ delta: {}, stop_reason: 'max_tokens' }] }, 'ended', 'length'],
    [{ choices: [{ delta: {}, finish_reason: 'stop', stop_reason: 'error' }] }, 'ended', 'stop'],
    [{ choices: [{ delta: {}, finish_reason: 'length', stop_reason: 'x' }] }, 'ended', 'length'],
    [{ choices: [{ delta: {} }], finish_reason: 'error' }, 'broken', undefined],
    [{ choices: [], done: true, done_reason: 'length' }, 'ended', 'length'],
    [{ type: 'tool_call', choices: [{ delta: {} }], finish_reason: 'length' }, 'ended', 'length'],
    [
      { choices: [{ finish_reason: 'stop', native_finish_reason: 'MALFORMED_FUNCTION_CALL' }] },
      'broken',
      undefined,
    ],
    [
      { choices: [{ finish_reason: 'stop', native_finish_reason: 'MAX_TOKENS' }] },
      'ended',
      'length',
    ],
    [{ choices: [{ finish_reason: 'stop', native_finish_reason: 'eos' }] }, 'ended', 'stop'],
    [{ choices: [{ finish_reason: 'length', native_finish_reason: 'eos' }] }, 'ended', 'length'],
    [{ choices: [{ finish_reason: null, native_finish_reason: 'x' }] }, 'open', undefined],
  ])('reads the reason in %j', (event, phase, finishReason) => {
    expect(after(word, event).state).toMatchObject({ phase, finishReason });
  });

  it('reads everything of several deltas', () => {
    const call = { index: 0, id: 'a', function: { name: 'one', arguments: '{' } };
    const more = { index: 0, function: { arguments: '}' } };
    const details = [{ type: 'reasoning.text', text: 'x' }];
    const delta = [
      { role: 'assistant', reasoning: 'x', reasoning_details: details },
      { role: 'assistant', tool_calls: [call] },
      { tool_calls: [more], finish_reason: 'tool_calls' },
    ];
    const { state, deltas } = after({ choices: [{ delta }] });
    expect(state).toMatchObject({ phase: 'ended', finishReason: 'tool_calls' });
    expect(deltas).toMatchObject([
      { text: '', reasoning: 'x', thoughtParts: { reasoning_details: details } },
    ]);
    expect(answerOf({ choices: [{ delta }] })).toMatchObject({ calls: ['a one {}'] });
    expect(after(word, { choices: [{ delta: [{ content: 'x' }, { error: 'x' }] }] })).toMatchObject(
      { state: { phase: 'broken' }, deltas: [{ text: 'Hi' }] },
    );
  });

  it('reads calls that are an object with numbers (PHP)', () => {
    const [one, two] = ['one', 'two'].map((name) => ({ id: name, function: { name } }));
    const { deltas } = after(
      choice({ tool_calls: { 1: one, 3: two } }),
      choice({ tool_calls: {} }),
    );
    const ids = deltas.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id }) => id));
    expect(ids).toEqual(['one', 'two']);
  });

  it.each([
    ['delta', 'length', 'ended'],
    ['message', 'length', 'ended'],
    ['delta', 'network_error', 'broken'],
  ])('reads the finish reason in its %s: %s', (place, finish_reason, phase) => {
    const { state } = after(word, { choices: [{ index: 0, [place]: { finish_reason } }] });
    expect(state).toMatchObject({ phase, finishReason: phase === 'ended' ? 'length' : undefined });
  });
});
