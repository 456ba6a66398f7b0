import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { after, choice, stop } from '../../../test/support/answer-steps.js';
import { byEffort } from '../../../test/support/effort.js';
import { seed } from '../../../test/support/seeded-random.js';
import { ToolCalls } from '../tool-calls.js';
import { end } from './answer-machine.js';

const RUNS = { seed, numRuns: byEffort({ light: 200, full: 3000 }) };

type FieldsOf = (n: number) => { index?: number; id?: string; name?: string };

/** Returns the arguments of the calls that result from these pieces, each as its only piece of an event. */
function argumentsOf(pieces: readonly string[], fieldsOf: FieldsOf) {
  const events = pieces.map((text, n) => {
    const { name, ...fields } = fieldsOf(n);
    const call = { ...fields, function: { ...(name !== undefined && { name }), arguments: text } };
    return choice({ tool_calls: [call] });
  });
  const calls = new ToolCalls();
  for (const { toolCalls = [] } of after(...events, choice({}, 'tool_calls')).deltas)
    calls.add(toolCalls);
  return calls.list().map((call) => (call['function'] as { arguments: string }).arguments);
}

/** The fields of the nth piece, beside its arguments. */
const FORMS: Readonly<Record<string, FieldsOf>> = {
  'with all fields': () => ({ index: 0, id: 'a', name: 'f' }),
  'with fields at first': (n) => (n === 0 ? { index: 0, id: 'a', name: 'f' } : { index: 0 }),
  'with an index and a name': () => ({ index: 0, name: 'f' }),
  'without an index': (n) => (n === 0 ? { id: 'a', name: 'f' } : {}),
};

/** JSON objects with keys and values that look like the beginning of an object. */
const word = fc.oneof(fc.string(), fc.constantFrom('{', '{"', ':', ',', '}', '{"a":', '\\', ' '));
const json = fc
  .dictionary(word, fc.oneof(word, fc.jsonValue({ maxDepth: 2 }), fc.dictionary(word, word)), {
    minKeys: 1,
  })
  .chain((value) => fc.constantFrom(JSON.stringify(value), JSON.stringify(value, null, 1)));
const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 8 });

/** Returns the ends of the pieces of a text. The first may end anywhere, if the first key begins with a letter. */
function endsOf(text: string, at: readonly number[]) {
  const isNamed = /^\{\s*"[a-z]/i.test(text);
  const first = isNamed ? 1 + ((at[0] ?? 0) % text.length) : 1;
  const ends = [first, ...at.filter((end) => end > first && end < text.length), text.length];
  return [...new Set(ends)].sort((one, other) => one - other);
}

describe('the arguments of a call', () => {
  it.each<[string, string[], string[]]>([
    ['', ['{"a"', '{"a": 1', '{"a": 1}'], ['{"a": 1}']],
    [', also the first key', ['{"', '{"location', '{"location": "x"}'], ['{"location": "x"}']],
    [', also the last time', ['{"a": "x', '{"a": "xy"}', '{"a": "xy"}'], ['{"a": "xy"}']],
    [' at the end', ['{"a"', ': {"b"', ':1}}', '{"a": {"b":1}}'], ['{"a": {"b":1}}']],
    [' after its first colon', ['{"a":', '{"a":"x', '{"a":"xy"}'], ['{"a":"xy"}']],
    [' after a comma, in two pieces', ['{"a":1,', '{"a":1,"b":2}'], ['{"a":1,"b":2}']],
    [
      ' in doubt to the end',
      ['{"a":', '{"a":[', '{"a":[{"b":', '{"a":[{"b":1}]}'],
      ['{"a":[{"b":1}]}'],
    ],
    [' and nothing between', ['{"a":', '{"a":1', '', '{"a":1}'], ['{"a":1}']],
    [' that may also be a value', ['{', '{"a":', '{"a":[', '{"a":[1]}'], ['{"a":[1]}']],
  ])('come once if each piece repeats all so far%s', (_, pieces, whole) => {
    expect(argumentsOf(pieces, () => ({ index: 0, id: 'a', name: 'f' }))).toEqual(whole);
  });

  it.each<[string[]]>([
    [['{"a":', '{"a":1}}']],
    [['{"a":[', '{"a":[', '1]}]}']],
    [['{"a":', '{"a":1', '', '}', '}']],
    [['{"a":', '{"a":', '{"a":', '{"a":1}}}}']],
    [['{"', '{":1}']],
    [['{":', '{":"', ':x":1}']],
  ])('keep a value that is like all so far: %j', (pieces) => {
    expect(argumentsOf(pieces, () => ({ index: 0, id: 'a', name: 'f' }))).toEqual([
      pieces.join(''),
    ]);
  });

  it('are not whole if the connection ends while some that came after the end are in doubt', () => {
    const first = { index: 0, id: 'a', function: { name: 'f', arguments: '{"a":' } };
    const late = { index: 0, function: { arguments: '{"a":1}}' } };
    const events = [choice({ tool_calls: [first] }), stop, choice({ tool_calls: [late] })];
    expect(end(after(...events).state, true).phase).toBe('broken');
  });

  it('are passed on as pieces once too many are in doubt', () => {
    const pieces = Array.from({ length: 20_000 }, () => '{"a":');
    const events = pieces.map((text) => {
      const call = { index: 0, id: 'a', function: { name: 'f', arguments: text } };
      return choice({ tool_calls: [call] });
    });
    const { state, deltas } = after(...events);
    expect(deltas.length).toBeGreaterThan(1);
    expect(state.calls[0]?.text.length).toBeGreaterThan(30_000);
  });

  it.each(Object.entries(FORMS))('come whole in pieces, and in repetitions, %s', (_, fieldsOf) => {
    fc.assert(
      fc.property(json, cuts, (whole, at) => {
        const ends = endsOf(whole, at);
        const pieces = ends.map((end, n) => whole.slice(ends[n - 1] ?? 0, end));
        const repetitions = ends.map((end) => whole.slice(0, end));
        expect(argumentsOf(pieces, fieldsOf)).toEqual([whole]);
        expect(argumentsOf(repetitions, fieldsOf)).toEqual([whole]);
      }),
      RUNS,
    );
  });
});

describe('the text of a choice', () => {
  /** An event with one choice that has a `text`, as in OpenAI's older API, beside a delta or without one. */
  const withText = (text: string, delta?: object) => ({ choices: [{ index: 0, delta, text }] });
  const words = ['ha', ' the'].map((content) => choice({ content }));

  it.each<[string, object[], string]>([
    ['what deltas said', [...words, withText('ha the', {})], 'ha the'],
    ['that and more', [...words, withText('ha the end')], 'ha the end'],
    ['other words', [...words, withText(' end', {})], 'ha the end'],
    ['the same word twice', [withText('ha'), withText('ha')], 'haha'],
    ['a word beside an empty delta, twice', [withText('ha', {}), withText('ha', {})], 'haha'],
    ['a word after a thought', [choice({ reasoning: 'x' }), withText('x')], 'x'],
  ])('is read if it has %s', (_, events, whole) => {
    const { state, deltas } = after(...events, stop);
    expect([state.phase, deltas.map(({ text }) => text).join('')]).toEqual(['ended', whole]);
  });
});
