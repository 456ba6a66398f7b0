import { describe, expect, it } from '@jest/globals';
import { BadRequest, ParseError, UnsupportedMediaType } from '../errors.js';
import { countValues, RawBody, decodeBody } from './decode-body.js';

const decode = (body: string | Buffer, contentType = 'application/json') =>
  decodeBody(new RawBody(Buffer.from(body as string), contentType));
const form = (body: string | Buffer, parameters = '') =>
  decode(body, `application/x-www-form-urlencoded${parameters}`);
const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('a JSON body', () => {
  it.each(['', 'text/plain', 'nonsense', 'application/json'])(
    'is read as an empty object if it is empty, also for %j',
    (contentType) => {
      expect(decode('', contentType)).toEqual({});
    },
  );

  it('keeps the digits of integers at the top level, and leaves other numbers as they are', () => {
    const text = '{"a": 12345678901234567890, "b": -0, "c": 1.5, "d": {"e": 1}, "a2": "x"}';
    const value = decode(text);
    expect(value).toEqual({ a: 12345678901234567890n, b: 0n, c: 1.5, d: { e: 1 }, a2: 'x' });
  });

  it('uses the last one of two equal keys', () => {
    expect(decode('{"a": 1, "a": 2}')).toEqual({ a: 2n });
  });

  it.each([
    ['NaN', '{"a": NaN}'],
    ['a key that could poison an object', '{"__proto__": {"isAdmin": true}}'],
    ['a constructor with a prototype', '{"x": {"constructor": {"prototype": {}}}}'],
    ['too many digits', `{"a": ${'9'.repeat(4301)}}`],
    ['too many levels', '['.repeat(501) + ']'.repeat(501)],
    ['a byte order mark', '\ufeff{}'],
    ['too many values', `[${'0,'.repeat(20_001)}0]`],
    [
      'too many brackets',
      `[${Array(42)
        .fill('['.repeat(490) + ']'.repeat(490))
        .join(',')}]`,
    ],
    ['white space alone', ' '],
  ])('is refused if it has %s', (_, text) => {
    expect(() => decode(text)).toThrow(ParseError);
    expect({}).not.toHaveProperty('isAdmin');
  });

  it('may have 500 levels, and any number of brackets in its strings', () => {
    expect(decode('['.repeat(500) + ']'.repeat(500))).toHaveLength(1);
    expect(decode(JSON.stringify({ a: '"[{\\'.repeat(501) }))).toHaveProperty('a');
  });

  it('counts as many values as it has commas or brackets', () => {
    expect(countValues('[[],[[]]]', 10)).toBe(4);
    expect(countValues('[0,0,0]', 10)).toBe(2);
  });

  it('may have 20,000 commas between lists', () => {
    expect(decode(`[${'[],'.repeat(20_000)}[]]`)).toHaveLength(20_001);
  });
});

describe('the charset of a body', () => {
  it.each([
    ['utf-8', Buffer.from('"ü€"')],
    ['"UTF-8"', Buffer.from('"ü€"')],
    ['nobody-knows-it', Buffer.from('"ü€"')],
    ['utf-16', Buffer.from('\ufeff"ü€"', 'utf16le')],
    ['utf-16', Buffer.from('\ufeff"ü€"', 'utf16le').swap16()],
    ['utf-16-le', Buffer.from('"ü€"', 'utf16le')],
    ['windows-1252', latin1('"\xfc\x80"')],
    ['iso_8859_15', latin1('"\xfc\xa4"')],
  ])('is recognised as %s', (charset, bytes) => {
    expect(decode(bytes, `application/json; charset=${charset}`)).toBe('ü€');
  });

  it.each(['iso-8859-1', 'Latin-1', 'latin1', 'l1'])(
    'decodes Latin-1, and not windows-1252, under the name %s',
    (name) => {
      expect(decode(latin1('"\xfc\x80"'), `application/json;charset=${name}`)).toBe('ü\x80');
    },
  );

  it.each([
    ['utf-8', latin1('"\xfc"')],
    ['us-ascii', latin1('"\xfc"')],
    ['utf-16', Buffer.from('"x"', 'utf16le')],
  ])('refuses bytes that are not %s', (charset, bytes) => {
    expect(() => decode(bytes, `application/json; charset=${charset}`)).toThrow(ParseError);
  });
});

describe('a form', () => {
  it.each([
    ['a=1&a=2&b', { a: '2', b: '' }],
    ['a=b=c&&=d', { a: 'b=c', '': 'd' }],
    ['a+b=%2B%26+%zz%C3%BC', { 'a b': '+& %zzü' }],
    ['a=%FF', { a: '\ufffd' }],
    ['a=1;b=2', { a: '1;b=2' }],
  ])('reads %s as the fields %j', (text, fields) => {
    expect(form(text)).toMatchObject(fields);
  });

  it('is read in its charset, its escapes too', () => {
    expect(form(latin1('a=\xfc%FC'), '; charset=iso-8859-1')).toEqual({ a: 'üü' });
  });

  it('is read as Latin-1 if its bytes are invalid in its charset', () => {
    expect(form(latin1('a=\xfc'))).toEqual({ a: 'ü' });
  });

  it.each(['a=%83%41x%83', 'a=%c3x%c3%bc%e2%82%ac%f0%9f'])(
    'decodes %s in runs of escapes',
    (text) => {
      const escapes = (run: string) =>
        new TextDecoder().decode(Buffer.from(run.replaceAll('%', ''), 'hex'));
      const expected = text.slice(2).replaceAll(/(?:%[\da-f]{2})+/gi, escapes);
      expect(form(text)).toEqual({ a: expected });
    },
  );

  it('may have any number of UTF-8 escapes, but a bounded number in slow charsets', () => {
    expect(form(`a=${'%41x'.repeat(1001)}`)).toEqual({ a: 'Ax'.repeat(1001) });
    expect(form(`a=${'%83%41x'.repeat(1000)}`, '; charset=shift_jis')).toHaveProperty('a');
    expect(() => form(`a=${'%41x'.repeat(1001)}`, '; charset=shift_jis')).toThrow(BadRequest);
  });

  it('has at most a thousand fields', () => {
    expect(form('a=1&'.repeat(999))).toMatchObject({ a: '1' });
    expect(() => form('a=1&'.repeat(1000))).toThrow(BadRequest);
  });
});

describe('any other body', () => {
  it.each(['text/plain', 'application/vnd.api+json', 'json', ''])(
    'is refused, and the message names its type %j',
    (contentType) => {
      const refused = new UnsupportedMediaType(contentType);
      expect(() => decode('{}', contentType)).toThrow(refused);
    },
  );
});
