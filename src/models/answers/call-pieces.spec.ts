import { describe, expect, it } from '@jest/globals';
import { ToolCalls } from '../tool-calls.js';
import { heldBackPieces, assignPieces, type KnownCalls } from './call-pieces.js';

interface Said {
  index?: unknown;
  id?: unknown;
  name?: unknown;
  args?: unknown;
}

const piece = ({ index, id, name, args }: Said) => ({
  ...(index !== undefined && { index }),
  ...(id !== undefined && { id }),
  function: { ...(name !== undefined && { name }), ...(args !== undefined && { arguments: args }) },
});

/** Returns the calls that result from the chunks, each as `id name arguments`. */
function callsOf(...chunks: Said[][]): string[] {
  const calls = new ToolCalls();
  let known: KnownCalls = [];
  for (const chunk of chunks) {
    const placed = assignPieces(known, chunk.map(piece));
    known = placed.calls;
    calls.add(placed.deltas);
  }
  calls.add(heldBackPieces(known).deltas);
  return calls.list().map((call) => {
    const called = call['function'] as { name?: string; arguments?: string };
    const id = String(call['id']);
    return [
      /^call_[0-9a-f]{24}$/.test(id) ? 'new' : id,
      called.name ?? '-',
      called.arguments ?? '-',
    ].join(' ');
  });
}

const A = { id: 'a', name: 'one' };
const B = { id: 'b', name: 'two' };

describe('assignPieces', () => {
  it.each<[string, Said[][], string[]]>([
    [
      'as OpenAI streams them, two side by side',
      [
        [{ index: 0, ...A, args: '' }],
        [{ index: 1, ...B, args: '' }],
        [
          { index: 0, args: '{"x"' },
          { index: 1, args: '{' },
        ],
        [
          { index: 1, args: '}' },
          { index: 0, args: ':1}' },
        ],
      ],
      ['a one {"x":1}', 'b two {}'],
    ],
    [
      'whole, without an index',
      [[{ ...A, args: '{}' }], [{ ...B, args: '{}' }]],
      ['a one {}', 'b two {}'],
    ],
    [
      'whole, in one chunk',
      [
        [
          { ...A, args: '{}' },
          { ...B, args: '{}' },
        ],
      ],
      ['a one {}', 'b two {}'],
    ],
    [
      'whole, all with the index 0',
      [[{ index: 0, ...A, args: '{}' }], [{ index: 0, ...B, args: '{}' }]],
      ['a one {}', 'b two {}'],
    ],
    [
      'whole, with one name, without index and id',
      [[{ name: 'one', args: '{"x":1}' }], [{ name: 'one', args: '{"x":2}' }]],
      ['new one {"x":1}', 'new one {"x":2}'],
    ],
    [
      'whole, with one index, no id and two names',
      [[{ index: 0, name: 'one', args: '{}' }], [{ index: 0, name: 'two', args: '{}' }]],
      ['new one {}', 'new two {}'],
    ],
    ['without arguments, and without an index', [[{ ...A }], [{ ...B }]], ['a one ', 'b two ']],
    [
      'with one name in one chunk, without index, id and arguments',
      [
        [{ name: 'one' }, { name: 'one' }],
        [{ args: '{"x":1}' }, { args: '{}' }],
      ],
      ['new one {"x":1}', 'new one {}'],
    ],
    [
      'in pieces without an index or an id',
      [
        [{ ...A, args: '' }],
        [{ args: '{"x"' }],
        [{ args: ':1}' }],
        [{ ...B, args: '{' }],
        [{ args: '}' }],
      ],
      ['a one {"x":1}', 'b two {}'],
    ],
    [
      'in pieces of two at once, without an index',
      [
        [
          { ...A, args: '{' },
          { ...B, args: '{' },
        ],
        [{ args: '}' }, { args: '"y":2}' }],
      ],
      ['a one {}', 'b two {"y":2}'],
    ],
    [
      'with null before there are arguments',
      [[{ index: 0, ...A, args: null }], [{ index: 0, id: null, name: null, args: '{}' }]],
      ['a one {}'],
    ],
    ['with arguments as an object', [[{ index: 0, ...A, args: { x: 1 } }]], ['a one {"x":1}']],
    [
      'with id and name in every piece',
      [[{ index: 0, ...A, args: '{"x"' }], [{ index: 0, ...A, args: ':1}' }]],
      ['a one {"x":1}'],
    ],
    [
      'and repeated whole at the end',
      [
        [{ index: 0, ...A, args: '{"x"' }],
        [{ index: 0, args: ':1}' }],
        [{ index: 0, ...A, args: '{"x":1}' }],
      ],
      ['a one {"x":1}'],
    ],
    [
      'with a late id, which is ignored because clients already have another',
      [[{ index: 0, name: 'one', args: '' }], [{ index: 0, id: 'a', args: '{}' }]],
      ['new one {}'],
    ],
    [
      'with a name that comes late',
      [[{ index: 0, id: 'a' }], [{ index: 0, name: 'one', args: '{}' }]],
      ['a one {}'],
    ],
    [
      'with ids that are numbers, and one index',
      [
        [{ index: 0, id: 1, name: 'one', args: '{}' }],
        [{ index: 0, id: 2, name: 'one', args: '{}' }],
      ],
      ['1 one {}', '2 one {}'],
    ],
    [
      'with an index as text',
      [[{ index: '0', ...A, args: '{' }], [{ index: '0', args: '}' }]],
      ['a one {}'],
    ],
    [
      'with braces in their texts',
      [
        [{ index: 0, name: 'one', args: '{"x":"}{\\""' }],
        [{ index: 0, name: 'one', args: ',"y":{}}' }],
      ],
      ['new one {"x":"}{\\"","y":{}}'],
    ],
    [
      'with white space after the end',
      [[{ index: 0, ...A, args: '{}' }], [{ index: 0, args: '\n' }]],
      ['a one {}\n'],
    ],
    [
      'with an empty object as a placeholder for the arguments',
      [[{ index: 0, ...A, args: '{}' }], [{ index: 0, args: '{"x"' }], [{ index: 0, args: ':1}' }]],
      ['a one {"x":1}'],
    ],
    [
      'with an empty object first, and id and name in every piece',
      [[{ index: 0, ...A, args: '{ }' }], [{ index: 0, ...A, args: '{"x":1}' }]],
      ['a one {"x":1}'],
    ],
    [
      'with an empty object first, and without an index',
      [[{ ...A, args: '{}' }], [{ args: '{"x":1}' }], [{ ...B, args: '{}' }]],
      ['a one {"x":1}', 'b two {}'],
    ],
    [
      'with an empty object, and repeated whole',
      [[{ index: 0, ...A, args: '{}' }], [{ index: 0, ...A, args: '{}' }]],
      ['a one {}'],
    ],
    [
      'with an id in its first piece, and "null" after that',
      [[{ ...A, args: '' }], [{ id: 'null', name: '', args: '{"x":1}' }]],
      ['a one {"x":1}'],
    ],
    [
      'whole, all with the id "null"',
      [
        [
          { id: 'null', name: 'one', args: '{"x":1}' },
          { id: 'null', name: 'one', args: '{"x":2}' },
        ],
      ],
      ['new one {"x":1}', 'new one {"x":2}'],
    ],
    [
      'with indexes that do not start at 0 or have gaps',
      [
        [{ index: 1, ...A, args: '{"x"' }],
        [{ index: 4, ...B, args: '{"y"' }],
        [
          { index: 1, args: ':1}' },
          { index: 4, args: ':2}' },
        ],
      ],
      ['a one {"x":1}', 'b two {"y":2}'],
    ],
  ])('joins pieces sent %s', (_, chunks, calls) => {
    expect(callsOf(...chunks)).toEqual(calls);
  });

  it('gives indexes from 0 in the order of the calls, and keeps all other fields', () => {
    const signed = { id: 'c', extra_content: { google: { thought_signature: 's' } } };
    const pieces = [{ ...signed, index: 2 }, null, 'x', { id: 'd', index: -1 }];
    const { deltas } = assignPieces([], pieces);
    const first = { type: 'function', function: { arguments: '' } };
    expect(deltas).toEqual([
      { ...first, ...signed, index: 0 },
      { ...first, index: 1, id: 'd' },
    ]);
  });

  it('does not repeat the id and name of a call, because clients would join them', () => {
    const said = { index: 0, id: 'a', type: 'function' };
    const { calls } = assignPieces([], [{ ...said, function: { name: 'one', arguments: '{' } }]);
    const { deltas } = assignPieces(calls, [
      { ...said, function: { name: 'one', arguments: '}' } },
    ]);
    expect(deltas).toEqual([{ index: 0, function: { arguments: '}' } }]);
  });
});
