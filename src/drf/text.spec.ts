import { describe, expect, it } from '@jest/globals';
import { codePoints, loneSurrogate, strip } from './text.js';

describe('strip', () => {
  it.each(['\x1c', '\x1d', '\x1e', '\x1f', '\x85', '\xa0', '\u3000', '\u2028', '\n', '\v'])(
    'removes %j from both ends, as Python does',
    (space) => {
      expect(strip(`${space}a${space}b${space}`)).toBe(`a${space}b`);
    },
  );

  it.each(['\ufeff', '\u200b', '\0', '\u180e'])(
    'keeps %j, which Python does not treat as a space',
    (x) => {
      expect(strip(x)).toBe(x);
    },
  );

  it('returns an empty text for white space', () => {
    expect(strip(' \t\r\n\x85')).toBe('');
  });

  it('takes linear time for a megabyte of spaces', () => {
    const spaces = ' '.repeat(2 ** 20);
    expect(strip(`${spaces}a${spaces}b${spaces}`)).toBe(`a${spaces}b`);
  });
});

describe('codePoints', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['😀', 1],
    ['e\u0301', 2],
    ['\ud800', 1],
    ['\udc00\ud800', 2],
  ])('counts %j as %i', (text, count) => {
    expect(codePoints(text)).toBe(count);
  });
});

describe('loneSurrogate', () => {
  it.each([
    ['a\ud800b', 'U+D800'],
    ['\udfff\ud800', 'U+DFFF'],
    ['😀\udc00', 'U+DC00'],
    ['😀', undefined],
    ['', undefined],
  ])('finds in %j: %s', (text, found) => {
    expect(loneSurrogate(text)).toBe(found);
  });
});
