import { describe, expect, it } from '@jest/globals';
import { BatchLoader } from './batch-loader.js';

describe('BatchLoader', () => {
  it('loads all keys that arrive during one statement with the next statement', async () => {
    const asked: string[][] = [];
    const answers: (() => void)[] = [];
    const loader = new BatchLoader<{ key: string }>(
      async (keys) => {
        asked.push(keys);
        await new Promise<void>((resolve) => answers.push(resolve));
        return keys.filter((key) => key !== 'unknown').map((key) => ({ key }));
      },
      ({ key }) => key,
    );
    const first = loader.load('a');
    await Promise.resolve();
    const others = ['b', 'unknown', 'a', 'b'].map((key) => loader.load(key));
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

  it('rejects only the keys whose statement failed or timed out', async () => {
    let answer: (keys: string[]) => Promise<{ key: string }[]> = () =>
      Promise.reject(new Error('broken'));
    const loader = new BatchLoader<{ key: string }>(
      (keys) => answer(keys),
      ({ key }) => key,
      50,
    );
    await expect(loader.load('a')).rejects.toThrow('broken');
    answer = () => new Promise(() => undefined);
    const silent = loader.load('a');
    await new Promise(setImmediate);
    const next = loader.load('b');
    answer = (keys) => Promise.resolve(keys.map((key) => ({ key })));
    await expect(silent).rejects.toThrow('The database does not answer.');
    expect(await next).toEqual({ key: 'b' });
  });
});
