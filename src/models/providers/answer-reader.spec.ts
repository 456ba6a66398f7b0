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
