import { describe, expect, it } from '@jest/globals';
import { BLOCKED_MAX_MS, durationOf, leastBlockedMs } from '../../../test/support/blocking.js';
import { LENIENT_MAX_CHARS, parseLenient } from './lenient-json.js';

describe("a provider's JSON", () => {
  it.each<[string, unknown]>([
    ['{"a":NaN,"b":[Infinity,-Infinity , 1]}', { a: null, b: [null, null, 1] }],
    ['{"a":"NaN, \\"Infinity\\" \\\\","b":NaN}', { a: 'NaN, "Infinity" \\', b: null }],
    ['{"NaN":NaN}', { NaN: null }],
    ['\ufeff{"a":"\ufeff"}', { a: '\ufeff' }],
    ['\ufeff\ufeff {"a":-NaN}\n', { a: null }],
    ['{"a":"NaN\\u00e9"}', { a: 'NaNé' }],
  ])(
    'is read with numbers that JSON does not have, and after byte order marks: %s',
    (text, value) => {
      expect(parseLenient(text)).toEqual(value);
    },
  );

  it.each([
    '',
    'NaNs',
    '{"a":NaNs}',
    '{NaN:1}',
    '{"a":"NaN}',
    '{"a":nan}',
    '{"a":Infinity',
    '"NaN\\',
  ])('is not read if it is no JSON otherwise: %s', (text) => {
    expect(() => parseLenient(text)).toThrow(SyntaxError);
  });

  it('is not read leniently if it is longer', () => {
    const textOf = (chars: number) => `{"a":NaN,"b":"${'x'.repeat(chars - 16)}"}`;
    expect(parseLenient(textOf(LENIENT_MAX_CHARS))).toMatchObject({ a: null });
    expect(() => parseLenient(textOf(LENIENT_MAX_CHARS + 1))).toThrow(SyntaxError);
  });

  it.each(['"', '\\', '\\"', '"\\', 'NaN', '-', '"NaN'])(
    'of the longest length does not hold the event loop: many %s',
    async (part) => {
      const text = `{"NaN":"${part.repeat(LENIENT_MAX_CHARS / part.length - 9)}\\`;
      const parse = () => {
        expect(() => parseLenient(text)).toThrow(SyntaxError);
      };
      expect(await leastBlockedMs(() => durationOf(parse))).toBeLessThan(BLOCKED_MAX_MS);
    },
  );
});
