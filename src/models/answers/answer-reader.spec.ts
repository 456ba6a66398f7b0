import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AnswerReader } from './answer-reader.js';

const word = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;

describe('AnswerReader, if the time is up', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Reads these texts. Returns the reader, and the number of its timeouts. */
  function stage() {
    const count = { timeouts: 0 };
    const reader = new AnswerReader(() => (count.timeouts += 1), performance.now());
    const read = (text: string) => [...reader.read(Buffer.from(text))];
    return { count, reader, read };
  }

  it('does not wait for the usage of an answer that has ended', () => {
    const { count, reader, read } = stage();
    read(word('a'));
    jest.advanceTimersByTime(1000);
    expect(count.timeouts).toBe(0);
    read(word('b', 'stop'));
    jest.advanceTimersByTime(1);
    expect(count.timeouts).toBe(1);
    reader.close();
  });

  it('waits for an answer that went on after a reason to end, but not after [DONE]', () => {
    const { count, reader, read } = stage();
    read(word('a', 'stop') + word('b', 'stop'));
    jest.advanceTimersByTime(1000);
    expect(count.timeouts).toBe(0);
    read('data: [DONE]\n\n');
    jest.advanceTimersByTime(1);
    expect(count.timeouts).toBe(1);
    reader.close();
  });
});

describe('AnswerReader, with much that is no output', () => {
  const MIB = 1_048_576;
  const stop = word('', 'stop');
  /** Reads these texts until the answer is broken. Returns it, and how many were read. */
  function read(...texts: string[]) {
    const reader = new AnswerReader(() => undefined);
    const read: string[] = [];
    for (const text of texts) {
      if (reader.isBroken) break;
      read.push(...[...reader.read(Buffer.from(text))].flat().map((delta) => delta.text));
    }
    return { reader, text: read.join('') };
  }

  it('reads a word after each 32 KiB, as long as they come', () => {
    const line = `data: {"choices":[],"x":"${'x'.repeat(32_768)}"}\n\n`;
    const events = Array.from({ length: 2100 }, () => line + word('ha'));
    const { reader, text } = read(...events, stop);
    expect([reader.fault, text.length]).toEqual([undefined, 4200]);
    reader.close();
  });

  it('reads a word after 100,000 events without one', () => {
    const none = word('').repeat(1000);
    const { reader, text } = read(...Array.from({ length: 100 }, () => none), word('ha'), stop);
    expect([reader.fault, text]).toEqual([undefined, 'ha']);
    reader.close();
  });

  it.each([
    ['blank lines', '\n'.repeat(MIB)],
    ['comments', `: ${'x'.repeat(1000)}\n\n`.repeat(1000)],
    [
      'words of another choice',
      `data: {"choices":[{"index":1,"delta":{"content":"x"}}]}\n\n`.repeat(4000),
    ],
  ])('is broken by endless %s', (_, text) => {
    const { reader } = read(word('ha'), ...Array.from({ length: 80 }, () => text));
    expect(reader.fault).toBe('the provider sent too much without output');
    reader.close();
  });

  it('keeps an answer that has ended', () => {
    const { reader } = read(
      word('ha', 'stop'),
      ...Array.from({ length: 80 }, () => '\n'.repeat(MIB)),
    );
    expect([reader.fault, reader.lastEvents.length]).toEqual([undefined, 1]);
    reader.close();
  });
});
