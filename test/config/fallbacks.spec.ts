import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { FLAT, modelsFile } from '../support/models-file.js';

const MODEL = {
  ...{ id: 'a', provider: 'echo', upstream: 'echo', price: FLAT },
  ...{ contextTokens: 4000, maxTokens: 500 },
};

function problemsOf(file: object): string[] {
  try {
    loadConfig(modelsFile(file));
    return [];
  } catch (error) {
    const [, ...lines] = (error as Error).message.split('\n');
    return lines.map((line) => line.trim().replace('MODELS_FILE: ', ''));
  }
}

describe('the fallbacks of a models file', () => {
  it.each([
    [[['a', ['b']]], ['model "a" names the fallback "b", which is no model']],
    [[['a', ['a']]], ['model "a" is its own fallback, by a circle']],
    [[['a', 'b']], ['models[0].fallbacks must be a list of names of models']],
    [
      [
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ],
      ['a', 'b', 'c'].map((id) => `model "${id}" is its own fallback, by a circle`),
    ],
    [
      Array.from({ length: 9 }, (_, n) => [`m${String(n)}`, n < 8 ? [`m${String(n + 1)}`] : []]),
      ['model "m0" has more than 7 fallbacks, theirs included'],
    ],
  ])('refuses the fallbacks %j', (listed, problems) => {
    const models = listed.map(([id, fallbacks]) => ({ ...MODEL, id, fallbacks }));
    expect(problemsOf({ models })).toEqual(problems);
  });

  it('accepts fallbacks that share others, and echo as a fallback', () => {
    const listed = { a: ['b', 'c'], b: ['d'], c: ['d', 'echo'], d: [] };
    const models = Object.entries(listed).map(([id, fallbacks]) => ({ ...MODEL, id, fallbacks }));
    expect(problemsOf({ models })).toEqual([]);
  });
});
