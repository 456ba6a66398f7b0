import { describe, expect, it } from '@jest/globals';
import { folded, foldedBeside } from './folded-text.js';

describe('folded', () => {
  it.each([
    ['Hello', 'hELLO'],
    ['\u041f\u0440\u0438\u0432\u0435\u0442', '\u043f\u0420\u0418\u0412\u0415\u0422'],
    ['\u00dcBERMUT', 'u\u0308bermut'],
    ['caf\u00e9', 'CAFE\u0301'],
    ['stra\u00dfe', 'STRASSE'],
    ['STRA\u1e9eE', 'stra\u00dfe'],
    ['\u039f\u0394\u039f\u03a3', '\u03bf\u03b4\u03bf\u03c2'],
    ['\u0130stanbul', 'istanbul'],
    ['\u212bngstrom', '\u00c5NGSTROM'],
    ['\ufb01n', 'FIN'],
  ])('folds %j and %j to the same text', (one, other) => {
    expect(folded(one)).toBe(folded(other));
  });

  it.each([
    ['cafe', 'caf\u00e9'],
    ['o', '\u00f8'],
  ])('folds %j and %j to different texts', (one, other) => {
    expect(folded(one)).not.toBe(folded(other));
  });

  it('takes linear time for combining marks in the wrong order', () => {
    const text = `a${'\u0315'.repeat(500_000)}${'\u0316'.repeat(500_000)}`;
    // Quadratic time would take more than a minute.
    const startedAt = performance.now();
    expect(folded(text)).toHaveLength(31);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('foldedBeside', () => {
  it.each(['Hello', 'hi \u4f60\u597d', 'na\u00efve', ''])(
    'returns null for %j, which needs no folding',
    (text) => {
      expect(foldedBeside(text, 'An answer')).toBeNull();
    },
  );

  it('returns both texts if one of them needs folding', () => {
    expect(foldedBeside('\u00dcber', 'Yes')).toBe('\u00fcber\nyes');
  });
});
