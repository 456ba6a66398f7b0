import { describe, expect, it } from '@jest/globals';
import { shownText } from './shown-text.js';

describe('shownText', () => {
  it.each([
    ['a'.repeat(100), 'a'.repeat(100)],
    ['a'.repeat(101), `${'a'.repeat(100)}…`],
    [`${'a'.repeat(99)}😀`, `${'a'.repeat(99)}…`],
  ])('shows of %j: %j', (text, shown) => {
    expect(shownText(text)).toBe(shown);
  });
});
