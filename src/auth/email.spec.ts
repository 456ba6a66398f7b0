import { describe, expect, it } from '@jest/globals';
import { emailSpellings, isEmail, normalizeEmail } from './email.js';

describe('isEmail', () => {
  it.each([
    'a@b.co',
    "o'x+y_z@c.de",
    'a@localhost',
    'a@[127.0.0.1]',
    'a@[::1]',
    '"a\\ b"@c.de',
    '"a@b"@c.de',
    'a@b.12',
    'a@b.-co',
    'a@bücher.example',
    'a@例え.テスト',
    'a@xn--bcher-kva.example',
  ])('accepts %s, as Django does', (text) => {
    expect(isEmail(text)).toBe(true);
  });

  it.each([
    '',
    'a',
    '@c.de',
    'a@',
    'a@b',
    'a@LOCALHOST',
    'a..b@c.de',
    '.a@c.de',
    'a.@c.de',
    'a b@c.de',
    '"a b"@c.de',
    'a@b@c.de',
    'a@-c.de',
    'a@c-.de',
    'a@c.d',
    'a@c.de.',
    'a@c_d.de',
    'a@[256.1.1.1]',
    'a@[x]',
    'ü@b.co',
    'a@ü.com/x',
    'a@ü..com',
    'a@c.de\n',
    'a\0@c.de',
    `a@${'b'.repeat(64)}.de`,
    `${'a'.repeat(316)}@b.co`,
  ])('refuses %j, as Django does', (text) => {
    expect(isEmail(text)).toBe(false);
  });
});

describe('normalizeEmail', () => {
  it.each([
    ['User@EXAMPLE.Com', 'User@example.com'],
    ['"A@B"@C.DE', '"A@B"@c.de'],
    ['', ''],
  ])('writes %s as %s', (text, normal) => {
    expect(normalizeEmail(text)).toBe(normal);
  });
});

describe('emailSpellings', () => {
  it.each([
    ['ada@example.com', ['ada@example.com', 'Ada@example.com']],
    ['Ada@Example.com', ['Ada@example.com', 'ada@example.com']],
    ['ADA@EXAMPLE.COM', ['ADA@example.com', 'ada@example.com', 'Ada@example.com']],
    ['7@example.com', ['7@example.com']],
    ['', ['']],
  ])('returns the spellings of %j: %j', (text, spellings) => {
    expect(emailSpellings(text)).toEqual(spellings);
  });
});
