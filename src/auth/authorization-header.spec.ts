import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { readAuthorization } from './authorization-header.js';

const read = (authorization: string | undefined) =>
  readAuthorization({ headers: { authorization } } as IncomingMessage);

describe('the Authorization header', () => {
  it.each([
    ['Token abc', 'token'],
    ['TOKEN   abc', 'token'],
    ['token\tabc ', 'token'],
    ['Bearer abc', 'bearer'],
    ['bearer  abc', 'bearer'],
  ])('%j gives the credential', (header, scheme) => {
    expect(read(header)).toEqual({ scheme, secret: 'abc' });
  });

  it.each([undefined, '', ' ', 'Basic YTpi', 'abc', 'Token: abc', 'Tokens abc', 'Token=abc'])(
    '%j gives none',
    (header) => {
      expect(() => read(header)).toThrow('Authentication credentials were not provided.');
    },
  );

  it.each([
    ['Token', 'Invalid token header. No credentials provided.'],
    ['Token a b', 'Invalid token header. Token string should not contain spaces.'],
    ['Token caf\xe9', 'Invalid token header. Token string should not contain invalid characters.'],
    ['Token \xa0', 'Invalid token header. Token string should not contain invalid characters.'],
    ['Bearer', 'Authorization header must contain two space-delimited values'],
    ['Bearer a b', 'Authorization header must contain two space-delimited values'],
  ])('%j is refused in its scheme’s own words', (header, words) => {
    expect(() => read(header)).toThrow(words);
  });

  it('may hold any UTF-8, which is then no token that anyone has', () => {
    expect(read('Token caf\xc3\xa9').secret).toBe('caf\xc3\xa9');
  });
});
