import { describe, expect, it } from '@jest/globals';
import { after, answerOf, choice, stop, word } from '../../../test/support/answer-steps.js';
import { BLOCKED_MAX_MS, durationOf, leastBlockedMs } from '../../../test/support/blocking.js';

const withChoice = (fields: object) => ({ choices: [{ index: 0, delta: {}, ...fields }] });

describe('an answer with parts of the thinking', () => {
  it('has the message beside a delta with such a part', () => {
    const delta = {
      content: '',
      reasoning_details: [{ type: 'reasoning.text', signature: 'SIG' }],
    };
    const beside = { choices: [{ delta, message: { content: 'whole' }, finish_reason: 'stop' }] };
    expect(answerOf(beside, '[DONE]')).toMatchObject({ phase: 'over', text: 'whole' });
  });

  it.each([
    { reasoning_details: [{ type: 'reasoning.text', signature: 'SIG', index: 0 }] },
    { reasoning_details: [{ type: 'reasoning.encrypted', data: 'SIG', index: 0 }] },
    { thinking_blocks: [{ type: 'thinking', thinking: '', signature: 'SIG' }] },
  ])('has those of a delta without words: %j', (delta) => {
    const { phase, thoughtParts } = answerOf(
      choice({ content: '', ...delta }),
      word,
      stop,
      '[DONE]',
    );
    expect(phase).toBe('over');
    expect(JSON.stringify(thoughtParts)).toContain('"SIG"');
  });
});

describe('an answer whose last choice repeats what came in deltas', () => {
  const call = { index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } };

  it.each([call, { ...call, id: undefined }])('has a call once: %j', (repeated) => {
    const last = withChoice({ tool_calls: [repeated], finish_reason: 'tool_calls' });
    const answer = answerOf(choice({ tool_calls: [call] }), last, '[DONE]');
    expect(answer).toMatchObject({ phase: 'over', finishReason: 'tool_calls' });
    expect(answer.calls).toEqual(['a f {"x":1}']);
  });

  it('has its thinking and its words once', () => {
    const thought = choice({ reasoning_content: 'Hm' });
    const last = withChoice({ reasoning_content: 'Hm', content: 'Hi', finish_reason: 'stop' });
    const answer = answerOf(thought, word, last, '[DONE]');
    expect(answer).toMatchObject({ phase: 'over', text: 'Hi', reasoning: 'Hm' });
  });
});

describe('an answer whose content or delta is a list', () => {
  it.each(['tool_result', 'document', 'search_result', 'web_search_tool_result'])(
    'does not have the text in a part of the type %s',
    (type) => {
      const content = [
        { type, content: 'of others' },
        { type: 'text', text: 'Hi' },
      ];
      expect(answerOf(choice({ content }), stop, '[DONE]')).toMatchObject({
        phase: 'over',
        text: 'Hi',
      });
    },
  );

  it.each(['tool_result', 'tool_use', 'function_call', 'mcp_call', 'server_tool_use'])(
    'does not have the text or the summary in a part of the type %s',
    (type) => {
      const content = [
        { type, text: 'of others', summary: 'of others' },
        { type: 'text', text: 'Hi' },
      ];
      const answer = answerOf(choice({ content }), choice({ content: content[0] }), stop, '[DONE]');
      expect(answer).toMatchObject({ phase: 'over', text: 'Hi', reasoning: '' });
    },
  );

  it('has a number in it, and the finish reason that its entries repeat', () => {
    const delta = [{ content: 0 }, { content: 'x' }];
    expect(answerOf(choice(delta), stop, '[DONE]')).toMatchObject({ phase: 'over', text: '0x' });
    const ended = [
      { content: 'a', finish_reason: 'length' },
      { content: 'b', finish_reason: 'length' },
    ];
    expect(answerOf(choice(ended), '[DONE]')).toMatchObject({ text: 'ab', finishReason: 'length' });
  });
});

describe('an answer beside something else that broke off', () => {
  it.each([
    {
      type: 'response.output_item.done',
      item: { type: 'function_call', status: 'cancelled' },
    },
    { type: 'response.output_item.done', item: { type: 'web_search_call', status: 'failed' } },
    { sources: { status: 'unavailable' }, annotations: [] },
    { queue: { state: 'timed_out' } },
    { status: 'Web search timed out' },
    { type: 'tool_result', finish_reason: 'error' },
  ])('is whole: %j', (news) => {
    expect(answerOf(word, news, stop, '[DONE]')).toMatchObject({ phase: 'over', text: 'Hi' });
  });

  it.each([
    { response: { status: 'cancelled' } },
    { status: 'request timed out' },
    { queue: { state: 'failed' } },
  ])('is broken if this is about the answer: %j', (news) => {
    expect(answerOf(word, news, stop, '[DONE]')).toMatchObject({ phase: 'broken' });
  });

  it('asks for no call that the provider has made itself', () => {
    const last = { choices: [{ ...stop.choices[0], native_finish_reason: 'tool_use' }] };
    expect(answerOf(word, last, '[DONE]')).toMatchObject({ phase: 'over', finishReason: 'stop' });
  });
});

describe('an event with a long name or word, or many of them,', () => {
  const wide = Object.fromEntries([...Array(10_000).keys()].map((n) => [`f${String(n)}`, 1]));
  const single = ([name, value]: [string, unknown]) => ({ [name]: value });
  const nested = [...Array(80).keys()].reduce<object>(
    (text) => ({ text }),
    [...Array<string>(200_000).fill(''), 'x'],
  );
  const times = (part: string) => part.repeat(Math.ceil(500_000 / part.length));

  it.each<[string, object]>([
    ['of a tool', { [`x${times('_tool')}é`]: {} }],
    ['of a code', { [`x${times('_err')}`]: 1 }],
    ['of a reason', choice({}, `too_many_${times('too_many_')}tokens`)],
    ['of another reason', choice({}, `${times('out_of_')}x`)],
    ['of a type', { type: `${times('a_error ')}x` }],
    ['of a status', { status: `${times('a.')}aborte` }],
    [
      'of a part of the thinking',
      choice({ reasoning_details: [wide, ...Array<object>(2000).fill({})] }),
    ],
    [
      'of each piece of such a part',
      choice({ reasoning_details: Object.entries(wide).slice(0, 3000).map(single) }),
    ],
    ['of nested texts', choice({ content: nested })],
  ])('%s holds the event loop for less than 250 ms', async (_, event) => {
    const text = JSON.stringify(event);
    const blockedMs = await leastBlockedMs(() => durationOf(() => after(word, text)));
    expect(blockedMs).toBeLessThan(BLOCKED_MAX_MS);
  });
});
