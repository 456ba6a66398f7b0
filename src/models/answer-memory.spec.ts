import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AnswerMemory } from './answer-memory.js';

const ALL_MAX_BYTES = 268_435_456;

describe('AnswerMemory', () => {
  const made: AnswerMemory[] = [];
  const newMemory = (): AnswerMemory => {
    const memory = new AnswerMemory();
    made.push(memory);
    return memory;
  };
  afterEach(() => {
    jest.restoreAllMocks();
    for (const memory of made.splice(0)) memory.release();
  });

  it('has no room past the limit of all answers, until another one is smaller or released', () => {
    const [one, other] = [newMemory(), newMemory()];
    expect([one.resize(ALL_MAX_BYTES), other.resize(1)]).toEqual([true, false]);
    one.resize(ALL_MAX_BYTES - 1);
    expect([other.resize(1), other.resize(2)]).toEqual([true, false]);
    one.release();
    one.release();
    one.resize(5);
    expect([other.resize(ALL_MAX_BYTES), other.resize(ALL_MAX_BYTES + 1)]).toEqual([true, false]);
  });

  it('cuts the readers that have had a minute, the first ones first, and only as many as it must', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const cut: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      const memory = newMemory();
      memory.resize(ALL_MAX_BYTES / 4);
      memory.startSending(() => cut.push(name));
    }
    newMemory().resize(ALL_MAX_BYTES / 4);
    now.mockReturnValue(59_999);
    const late = newMemory();
    expect([late.resize(1), cut]).toEqual([false, []]);
    now.mockReturnValue(60_000);
    expect([late.resize(ALL_MAX_BYTES / 2), cut]).toEqual([true, ['first', 'second']]);
  });
});
