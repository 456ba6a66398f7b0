import { describe, expect, it } from '@jest/globals';
import { ValidationFailed } from '../errors.js';
import { readInput } from './input-items.js';
import { readTools } from './tools.js';

const STRING = 'Missing or invalid: expected a string.';
const CONTENT = 'Missing or invalid: expected a string or an array of content parts.';

/** Returns the fields and sentences of the refusal. */
function refusalOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    if (error instanceof ValidationFailed) return error.fields;
    throw error;
  }
  return undefined;
}

const user = (...content: unknown[]) => ({ role: 'user', content });
const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };

describe('readInput', () => {
  it.each([
    [5, 'input', 'Missing or invalid: expected a string or an array of items.'],
    [Array(2049).fill(5), 'input', 'Too long: at most 2048 items.'],
    [['hi'], 'input[0]', 'Invalid type: expected an item.'],
    [[user('x')], 'input[0].content[0]', 'Invalid type: expected a content part.'],
    [[{ type: 7, role: 'user' }], 'input[0].type', 'Invalid type: expected a string.'],
    [
      [call, { role: 'robot', content: 5 }],
      'input[1].role',
      'Invalid value: a role is one of user, assistant, system, developer.',
    ],
    [[{ role: 'user' }], 'input[0].content', CONTENT],
    [[{ type: 'reasoning', summary: 5 }], 'input[0].summary', CONTENT],
    [[{ type: 'reasoning', content: 5, summary: 5 }], 'input[0].content', CONTENT],
    [[{ ...call, name: 5, arguments: 5 }], 'input[0].arguments', STRING],
    [[{ id: 5 }], 'input[0].id', STRING],
    [[user({ type: 'text' })], 'input[0].content[0].text', STRING],
    [[user({ type: 'refusal' })], 'input[0].content[0].refusal', STRING],
    [
      [user({ type: 'text', text: '' }, { type: 'input_image', file_id: 'f' })],
      'input[0].content[1].image_url',
      'Missing or invalid: expected a URL; no files are kept here.',
    ],
    [
      [user({ type: 'input_file', file_id: 'f' })],
      'input[0].content[0].file_data',
      'Missing or invalid: expected the file; none are kept here.',
    ],
    [
      [user({ type: 'hologram' })],
      'input[0].content[0].type',
      'Invalid value: no content part of this type is taken here.',
    ],
  ])('names the place of input %#, and says what is expected', (input, path, sentence) => {
    expect(refusalOf(() => readInput(input))).toEqual({ [path]: [sentence] });
  });

  it('ignores an unreadable summary beside words, and optional fields of another type', () => {
    const { items, leftOut } = readInput([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'so' }], summary: 5 },
      { ...call, extra_content: 'x' },
      user({ type: 'input_image', image_url: 'u', detail: 5 }),
      user({ type: 'input_file', file_data: 'f', filename: {} }),
      { type: 'web_search_call', role: 5 },
    ]);
    expect(items).toEqual([
      { kind: 'reasoning', text: 'so', parts: undefined },
      {
        kind: 'call',
        call: { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } },
      },
      {
        kind: 'message',
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'u' } }],
      },
      { kind: 'message', role: 'user', content: [{ type: 'file', file: { file_data: 'f' } }] },
    ]);
    expect(leftOut).toEqual(['web_search_call']);
  });
});

describe('readTools', () => {
  it.each([
    [{}, 'tools', 'Invalid type: expected an array of tools.'],
    [Array(1025).fill(5), 'tools', 'Too long: at most 1024 tools.'],
    [[5], 'tools[0]', 'Invalid type: expected a tool.'],
    [[{ name: 'f' }], 'tools[0].type', STRING],
    [[{ type: 'web_search' }, { type: 'custom' }], 'tools[1].name', STRING],
  ])('names the place of tools %#, and says what is expected', (tools, path, sentence) => {
    expect(refusalOf(() => readTools(tools))).toEqual({ [path]: [sentence] });
  });

  it('returns no tools if they are undefined or null', () => {
    const none = { repeated: [], sent: [], leftOut: [] };
    expect([readTools(undefined), readTools(null)]).toEqual([none, none]);
  });
});
