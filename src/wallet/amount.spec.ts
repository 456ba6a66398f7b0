import { describe, expect, it } from '@jest/globals';
import { assertAmount } from './amount.js';

describe('an amount of tokens', () => {
  it.each([0, 1, 4000, Number.MAX_SAFE_INTEGER])('accepts %p', (amount) => {
    expect(() => {
      assertAmount(amount);
    }).not.toThrow();
  });

  it.each([-1, -0.5, 0.5, 1.5, NaN, Infinity, -Infinity, 2 ** 53])('refuses %p', (amount) => {
    expect(() => {
      assertAmount(amount);
    }).toThrow(new RangeError(`not an amount of tokens: ${String(amount)}`));
  });
});
