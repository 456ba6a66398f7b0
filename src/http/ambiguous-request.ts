import type { IncomingMessage } from 'node:http';
import { BadRequest, HeadersTooLarge } from '../errors.js';
import { HEADERS_MAX } from './listener.js';

/**
 * Checks whether a proxy may see the end of a request elsewhere: it has a Transfer-Encoding other than chunks, or chunks
 * in HTTP/1.0, or is of HTTP/0.9. Node's parser reads any list that ends with `chunked` as chunks, and ignores an empty
 * one. Its connection must be closed, because what follows may be part of its body.
 */
export function hasUnclearEnd({ headers, httpVersion }: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding } = headers;
  const isClear =
    encoding === undefined || (encoding.toLowerCase() === 'chunked' && httpVersion === '1.1');
  return !isClear || httpVersion === '0.9';
}

/**
 * Throws for an ambiguous request: one with two Authorization or Host headers, without a Host, or with more headers
 * than Node passes on.
 */
export function assertUnambiguous({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > 2 * HEADERS_MAX) throw new HeadersTooLarge();
  if (countHeader('authorization', rawHeaders) > 1)
    throw new BadRequest('Two Authorization headers.');
  if (countHeader('host', rawHeaders) > 1) throw new BadRequest('Two Host headers.');
  if (headers.host === undefined && httpVersion === '1.1') throw new BadRequest('No Host header.');
}

/**
 * Counts how often a header was sent. `rawHeaders` alternates names and values. Every request is checked, so it is
 * fast.
 */
function countHeader(header: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === header.length && name.toLowerCase() === header) count += 1;
  }
  return count;
}
