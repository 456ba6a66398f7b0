import { describe, expect, it } from '@jest/globals';
import { formsToTry, normalizePassword } from './password-forms.js';

describe('normalizePassword', () => {
  it.each([
    ['Ha\u0308user-am-Fluss', 'H\u00e4user-am-Fluss'],
    ['Ｐａｓｓ', 'Pass'],
    ['plain-text-1', 'plain-text-1'],
    ['  outer spaces ', '  outer spaces '],
  ])('writes %j as %j', (typed, normal) => {
    expect(normalizePassword(typed)).toBe(normal);
  });

  it('leaves a text alone that is longer than any password, and does not normalise it', () => {
    // 1,000,000 combining marks out of order. Normalising them would take more than a minute.
    const marks = `a${'\u0315'.repeat(500_000)}${'\u0316'.repeat(500_000)}`;
    const startedAt = performance.now();
    expect(normalizePassword(marks)).toBe(marks);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('formsToTry', () => {
  it('returns the typed form last, and only once if it is the normal form', () => {
    expect(formsToTry('Ｐａｓｓ')).toEqual(['Pass', 'Ｐａｓｓ']);
    expect(formsToTry('Pass')).toEqual(['Pass']);
  });
});
