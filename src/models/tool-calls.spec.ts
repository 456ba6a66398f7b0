import { describe, expect, it } from '@jest/globals';
import { ToolCalls } from './tool-calls.js';

describe('ToolCalls', () => {
  it('puts pieces together by their index, and joins the arguments', () => {
    const calls = new ToolCalls();
    calls.add([{ index: 1, id: 'b', type: 'function', function: { name: 'two', arguments: '' } }]);
    calls.add([
      { index: 0, id: 'a', type: 'function', function: { name: 'one', arguments: '{"x"' } },
      { index: 1, function: { arguments: '{}' } },
    ]);
    calls.add([{ index: 0, function: { arguments: ':1}' } }]);
    expect(calls.list()).toEqual([
      { id: 'a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'two', arguments: '{}' } },
    ]);
  });

  it('keeps the first value of a field, and fills in an empty one', () => {
    const calls = new ToolCalls();
    calls.add([{ index: 0, id: '', function: { name: 'one', arguments: 'a' } }]);
    calls.add([{ index: 0, id: 'a', function: { name: 'other', arguments: 'b' } }]);
    expect(calls.list()).toEqual([{ id: 'a', function: { name: 'one', arguments: 'ab' } }]);
  });

  it('uses an empty name if none came', () => {
    const calls = new ToolCalls();
    calls.add([{ index: 0, id: 'a', function: { arguments: '{}' } }]);
    expect(calls.list()).toEqual([{ id: 'a', function: { name: '', arguments: '{}' } }]);
  });

  it('does not reach the prototype of objects', () => {
    const calls = new ToolCalls();
    const piece = JSON.parse('{"index": 0, "__proto__": {"polluted": true}, "id": "a"}') as {
      index: number;
    };
    calls.add([piece]);
    expect(JSON.stringify(calls.list())).toContain('"id":"a"');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('counts only the characters of the text, not of the JSON around it', () => {
    const calls = new ToolCalls();
    calls.add([{ index: 0, function: { arguments: 'x'.repeat(1000) } }]);
    const { size } = calls;
    calls.add([{ index: 0, function: { arguments: 'x'.repeat(1000) } }]);
    expect(size).toBeGreaterThan(1000);
    expect(calls.size).toBe(size + 1000);
    calls.add([{ index: 0, function: { arguments: '' } }]);
    expect(calls.size).toBe(size + 1000);
  });

  it('counts what is kept that is no text', () => {
    const calls = new ToolCalls();
    const many = Array.from({ length: 1000 }, () => 0);
    for (const name of ['a', 'b', 'c']) calls.add([{ index: 0, [name]: many }]);
    expect(calls.size).toBeGreaterThan(3000);
    const { size } = calls;
    calls.add([{ index: 0, c: many }]);
    expect(calls.size).toBe(size);
  });
});
