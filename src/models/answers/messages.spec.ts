import { describe, expect, it } from '@jest/globals';
import { after, choice as inDelta, stop } from '../../../test/support/answer-steps.js';
import { CollectedParts } from '../thought-parts.js';
import { ToolCalls } from '../tool-calls.js';

/** Returns the answer after these events, and its thinking parts and calls, joined as clients join them. */
function joinedAfter(...events: object[]) {
  const { state, deltas } = after(...events);
  const [parts, calls] = [new CollectedParts(), new ToolCalls()];
  for (const { thoughtParts = {}, toolCalls = [] } of deltas) {
    parts.add(thoughtParts);
    calls.add(toolCalls);
  }
  const reasoning = deltas.map((delta) => delta.reasoning ?? '').join('');
  const made = calls.list().map(({ id, function: called }) => ({
    ...(!String(id).startsWith('call_') && { id }),
    function: called,
  }));
  const joinedParts = JSON.parse(parts.toText() || '{}') as object;
  return {
    state,
    reasoning,
    joined: made.length > 0 ? { ...joinedParts, tool_calls: made } : joinedParts,
  };
}

const inMessage = (message: object) => ({
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...message } }],
});

const details = (...parts: object[]) => ({ reasoning_details: parts });
const text = (words: string, more: object = {}) => ({ type: 't', text: words, index: 0, ...more });
const encrypted = (words: string) => ({ type: 'e', data: words, index: 1 });
const signed = text('ab', { signature: 'S' });
const thinking = (words: string) => ({ thinking_blocks: [{ type: 'thinking', thinking: words }] });

const calls = (...made: object[]) => ({ tool_calls: made });
const a = (args: unknown) => ({ id: 'a', function: { name: 'f', arguments: args } });
const b = (args: unknown) => ({ id: 'b', function: { name: 'f', arguments: args } });
const f = (args: unknown) => ({ function: { name: 'f', arguments: args } });

describe('an answer in messages that each repeat everything so far', () => {
  it.each<[string, object[], object]>([
    ['parts that grow', [details(text('a')), details(text('ab'))], details(text('ab'))],
    [
      'more and more parts',
      [details(signed), details(signed, encrypted('E'))],
      details(signed, encrypted('E')),
    ],
    [
      'the same parts',
      [details(signed, encrypted('E')), details(signed, encrypted('E'))],
      details(signed, encrypted('E')),
    ],
    ['a signature at last', [details(text('ab')), details(signed)], details(signed)],
    ['parts in pieces', [details(text('a')), details(text('b'))], details(text('ab'))],
    [
      'one part after another',
      [details(encrypted('E')), details(encrypted('F'))],
      details(encrypted('E'), encrypted('F')),
    ],
    [
      'parts of another order',
      [details(text('a'), encrypted('E')), details(encrypted('E'))],
      details(text('a'), encrypted('E'), encrypted('E')),
    ],
    ['blocks that grow', [thinking('h'), thinking('hm')], thinking('hm')],
    ['calls that grow', [calls(a('{"x"')), calls(a('{"x":1}'))], calls(a('{"x":1}'))],
    ['more and more calls', [calls(a('{}')), calls(a('{}'), b('{}'))], calls(a('{}'), b('{}'))],
    [
      'calls without an id',
      [calls(f({ x: 1 })), calls(f({ x: 1 }), f({ x: 2 }))],
      calls(f('{"x":1}'), f('{"x":2}')),
    ],
    [
      'arguments that were empty',
      [calls(a({})), calls(a({})), calls(a({ x: 1 }))],
      calls(a('{"x":1}')),
    ],
    ['one call after another', [calls(a('{}')), calls(b('{}'))], calls(a('{}'), b('{}'))],
    ['calls in pieces', [calls(a('{"x"')), calls(a(':1}'))], calls(a('{"x":1}'))],
  ])('joins %s without repetition', (_, given, joined) => {
    const answer = joinedAfter(...given.map(inMessage), stop);
    expect([answer.joined, answer.state.hasContinuedAfterEnd]).toEqual([joined, false]);
  });

  it.each<[string, object[], object, object]>([
    [
      'the same parts',
      [details(text('a')), details(text('b'))],
      details(text('ab')),
      details(text('ab')),
    ],
    ['parts with their signature', [details(text('a'))], details(signed), details(signed)],
    ['parts in other words', [details(text('a'))], details(text('b')), details(text('a'))],
    ['parts that no delta had', [{ reasoning_content: 'ab' }], details(signed), details(signed)],
    [
      'the same calls',
      [calls(a('{"x"')), calls(a(':1}'))],
      calls(a('{"x":1}')),
      calls(a('{"x":1}')),
    ],
    ['one call more', [calls(a('{}'))], calls(a('{}'), b('{}')), calls(a('{}'), b('{}'))],
    ['calls in other words', [calls(a('{ }'))], calls(b('{}')), calls(a('{ }'))],
  ])('may end with a message after deltas, with %s', (_, given, last, joined) => {
    expect(joinedAfter(...given.map(inDelta), inMessage(last), stop).joined).toEqual(joined);
  });

  it('has the text of growing parts once', () => {
    const { reasoning } = joinedAfter(
      inMessage(details(text('a'))),
      inMessage(details(text('ab'))),
    );
    expect(reasoning).toBe('ab');
  });
});
