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
  ])('returns the credential of %j', (header, scheme) => {
    expect(read(header)).toEqual({ scheme, secret: 'abc' });
  });

  it.each([undefined, '', ' ', 'Basic YTpi', 'abc', 'Token: abc', 'Tokens abc', 'Token=abc'])(
    'returns no credential for %j',
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
  ])('refuses %j with the message of its scheme', (header, words) => {
    expect(() => read(header)).toThrow(words);
  });

  it('accepts any UTF-8 text and finds no user for an unknown token', () => {
    expect(read('Token caf\xc3\xa9').secret).toBe('caf\xc3\xa9');
  });
});
