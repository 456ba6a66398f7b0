import { describe, expect, it } from '@jest/globals';
import { BatchLoader } from './batch-loader.js';

describe('a lookup', () => {
  it('asks together what comes while a question is under way, and never before it', async () => {
    const asked: string[][] = [];
    const answers: (() => void)[] = [];
    const lookup = new BatchLoader<{ key: string }>(
      async (keys) => {
        asked.push(keys);
        await new Promise<void>((resolve) => answers.push(resolve));
        return keys.filter((key) => key !== 'unknown').map((key) => ({ key }));
      },
      ({ key }) => key,
    );
    const first = lookup.find('a');
    const others = ['b', 'unknown', 'a', 'b'].map((key) => lookup.find(key));
    expect(asked).toEqual([['a']]);
    answers.shift()?.();
    expect(await first).toEqual({ key: 'a' });
    await new Promise(setImmediate);
    expect(asked).toEqual([['a'], ['b', 'unknown', 'a']]);
    answers.shift()?.();
    expect(await Promise.all(others)).toEqual([
      { key: 'b' },
      undefined,
      { key: 'a' },
      { key: 'b' },
    ]);
  });

  it('fails those alone whose question failed, or was not answered', async () => {
    let answer: (keys: string[]) => Promise<{ key: string }[]> = () =>
      Promise.reject(new Error('broken'));
    const lookup = new BatchLoader<{ key: string }>(
      (keys) => answer(keys),
      ({ key }) => key,
      50,
    );
    await expect(lookup.find('a')).rejects.toThrow('broken');
    answer = () => new Promise(() => undefined);
    const silent = lookup.find('a');
    const next = lookup.find('b');
    answer = (keys) => Promise.resolve(keys.map((key) => ({ key })));
    await expect(silent).rejects.toThrow('The database does not answer.');
    expect(await next).toEqual({ key: 'b' });
  });
});
