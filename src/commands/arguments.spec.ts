import { describe, expect, it } from '@jest/globals';
import { filePath, wholeNumber } from './arguments.js';

const read = wholeNumber({ min: 1, max: 999_999_999_999 });
const digits = '9'.repeat(12);
const WRONG = ['0', '-5', '+5', ' 5', '5 ', '05', '0x10', '1e3', '1.0', '1_000', '١٠', ''];

describe('wholeNumber', () => {
  it.each([...WRONG, `${digits}9`])('refuses %p', (text) => {
    expect(() => read(text)).toThrow('It must be a whole number from 1 to 999999999999.');
  });

  it.each(['1', '10', digits])('reads %p', (text) => {
    expect(String(read(text))).toBe(text);
  });
});

describe('filePath', () => {
  it.each([
    ['-', 'It is not a file. Write ./- if a file has that name.'],
    [' ', 'It is empty.'],
  ])('refuses %p', (text, sentence) => {
    expect(() => filePath(text)).toThrow(sentence);
  });

  it.each(['./-', '--x', 'a b.sqlite'])('reads %p', (text) => {
    expect(filePath(text)).toBe(text);
  });
});
