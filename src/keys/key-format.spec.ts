import { describe, expect, it } from '@jest/globals';
import { isKey, isWellFormed, makeKey, prefixOf } from './key-format.js';

/** Made with another implementation of CRC32: Python's `zlib.crc32` of the 43 characters. */
const KNOWN = 'tally_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ4FLuWK';

describe('an API key', () => {
  it('consists of tally_, 43 letters and digits, and their CRC32 as 6 characters of base 62', () => {
    expect(isWellFormed(KNOWN)).toBe(true);
    for (let n = 0; n < 100; n += 1) {
      const key = makeKey();
      expect(key).toMatch(/^tally_[\dA-Za-z]{49}$/);
      expect([isKey(key), isWellFormed(key)]).toEqual([true, true]);
    }
  });

  it('is different each time', () => {
    expect(new Set(Array.from({ length: 1000 }, makeKey)).size).toBe(1000);
  });

  it('is invalid if one character is wrong or surplus', () => {
    const key = makeKey();
    for (let at = 'tally_'.length; at < key.length; at += 1) {
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(isWellFormed(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    }
    for (const wrong of [`${key}0`, key.slice(0, -1), key.toUpperCase(), ` ${key}`, `${key}\n`]) {
      expect(isWellFormed(wrong)).toBe(false);
    }
  });

  it('shows only its first twelve characters', () => {
    const key = makeKey();
    expect(prefixOf(key)).toBe(key.slice(0, 12));
  });
});
