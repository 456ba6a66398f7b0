import { describe, expect, it } from '@jest/globals';
import { ProviderFailed } from '../../errors.js';
import { ChunkReader } from './chunk-reader.js';

const choice = (delta: unknown, finish_reason: unknown = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});

/** A reader that has taken these chunks, and the output that they had. */
function readerOf(...chunks: unknown[]) {
  const reader = new ChunkReader();
  const deltas = chunks.map((chunk) =>
    reader.take(typeof chunk === 'string' ? chunk : JSON.stringify(chunk)),
  );
  return { reader, deltas: deltas.filter((delta) => delta !== undefined) };
}

describe('the chunks of an answer', () => {
  it.each([
    ['text', { content: 'Hi' }, 'Hi'],
    ['parts of text', { content: [{ type: 'text', text: 'H' }, { text: 'i' }] }, 'Hi'],
    ['a refusal', { refusal: 'No.' }, 'No.'],
  ])('give %s as output', (_, delta, text) => {
    const { reader, deltas } = readerOf(choice(delta), '[DONE]');
    expect(deltas).toEqual([{ type: 'delta', text }]);
    expect([reader.isWhole, reader.finishReason]).toEqual([true, 'stop']);
  });

  it.each([
    ['a role', { role: 'assistant', content: '' }],
    ['null', { content: null }],
    ['what the model thinks', { reasoning_content: 'hm', reasoning: 'hm' }],
    ['parts without text', { content: [{ type: 'image' }, null, 5] }],
    ['numbers', { content: 5 }],
    ['no tool calls', { tool_calls: [] }],
    ['tool calls that are none', { tool_calls: [null, 'x'] }],
    ['no delta', undefined],
  ])('give no output for %s, and are no answer by that alone', (_, delta) => {
    const { reader, deltas } = readerOf(choice(delta), '[DONE]');
    expect(deltas).toEqual([]);
    expect([reader.isWhole, reader.isOver]).toEqual([false, true]);
  });

  it.each([{ choices: null }, { choices: [] }, { choices: [null] }, { choices: {} }, {}])(
    'skip %j',
    (chunk) => {
      const { reader, deltas } = readerOf(chunk);
      expect([deltas, reader.isWhole]).toEqual([[], false]);
    },
  );

  it('give tool calls the index that they have, or that of their place', () => {
    const { deltas } = readerOf(
      choice({ tool_calls: [{ index: 2, id: 'c' }] }),
      choice({ tool_calls: [{ id: 'a' }, { id: 'b', index: 'x' }] }),
    );
    expect(deltas.map(({ toolCalls }) => toolCalls)).toEqual([
      [{ index: 2, id: 'c' }],
      [
        { index: 0, id: 'a' },
        { index: 1, id: 'b' },
      ],
    ]);
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['end_turn', 'stop'],
    ['constructor', 'stop'],
  ])('end for the reason %s as %s, also without [DONE]', (told, reason) => {
    const { reader } = readerOf(choice({ content: 'Hi' }, told));
    expect([reader.isWhole, reader.isOver, reader.finishReason]).toEqual([true, false, reason]);
  });

  it('are over after [DONE]: nothing counts that comes later', () => {
    const { reader, deltas } = readerOf(
      choice({ content: 'Hi' }, 'stop'),
      ' [DONE] ',
      choice({ content: ' again' }),
      'not JSON',
      { error: { message: 'late' } },
    );
    expect(deltas).toHaveLength(1);
    expect(reader.isWhole).toBe(true);
  });

  it.each([
    ['not JSON', '{"choices"'],
    ['a list', []],
    ['a number', 5],
    ['null', null],
    ['an error', { error: { message: 'secret' } }],
    ['an error as text', { error: 'secret' }],
    ['an error as the reason to end', choice({}, 'error')],
  ])('fail for %s, in words of ours', (_, chunk) => {
    const reader = new ChunkReader();
    const take = () => reader.take(typeof chunk === 'string' ? chunk : JSON.stringify(chunk));
    expect(take).toThrow(ProviderFailed);
    expect(take).not.toThrow('secret');
    expect(reader.isWhole).toBe(false);
  });

  it('tell the last usage that came, and what is no count as none', () => {
    const usage = (prompt_tokens: unknown, completion_tokens: unknown) => ({
      choices: [],
      usage: { prompt_tokens, completion_tokens },
    });
    expect(readerOf(usage(1, 2), usage(3, 4), { usage: null }).reader.usage).toEqual({
      promptTokens: 3,
      completionTokens: 4,
    });
    expect(readerOf(usage('3', undefined)).reader.usage).toEqual({
      promptTokens: Number.NaN,
      completionTokens: Number.NaN,
    });
    expect(readerOf(choice({ content: 'Hi' })).reader.usage).toBeUndefined();
  });
});
