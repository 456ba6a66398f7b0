import { describe, expect, it } from '@jest/globals';
import { TITLE_MAX_CHARS, titleOf } from './title.js';

const FAMILY = '👨‍👩‍👧‍👦';
const rest = (text: string) => 'x'.repeat(TITLE_MAX_CHARS - 1) + text;

describe('titleOf', () => {
  it.each([
    ['plans', 'plans'],
    ['', ''],
    ['  two\r\nlines\t and\u2028more\u0085 ', 'two lines and more'],
    [`${'\n'.repeat(5000)}late`, 'late'],
    ['one\u001ctwo\u001ethree\u001b[31m\u0007', 'one two three [31m'],
    ['x'.repeat(80), 'x'.repeat(80)],
    ['x'.repeat(81), 'x'.repeat(80)],
    ['😀'.repeat(100_000), '😀'.repeat(80)],
    ['\ud800\0', '\ufffd\ufffd'],
  ])('turns %j into %j', (text, title) => {
    expect(titleOf(text)).toBe(title);
  });

  it.each([FAMILY, 'e\u0301', '🇩🇪', '👍🏽', 'क्षि'])('does not cut within the letter %s', (letter) => {
    expect(titleOf(rest(letter))).toBe(rest(''));
    expect(titleOf(letter.repeat(100))).toMatch(new RegExp(`^(?:${letter})+$`, 'u'));
  });

  it('cuts one letter that is longer than any title', () => {
    expect(titleOf(`a${'\u0301'.repeat(200)}`)).toBe(`a${'\u0301'.repeat(79)}`);
  });
});
