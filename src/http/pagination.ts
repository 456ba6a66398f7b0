import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BadRequest, NotFound } from '../errors.js';
import { queryText } from './query.js';

export const PAGE_SIZE_DEFAULT = 20;
export const PAGE_SIZE_MAX = 100;

/** Shapes of keys. A cursor with any other is refused before it comes near the database. */
export const UUID_KEY = /^[\da-f-]{36}$/;
export const NUMBER_KEY = /^\d{1,15}$/;

/** What to read: `limit` rows on one side of `key`, in `order`. Both words are safe to put into SQL. */
export interface Keyset {
  readonly key: string | undefined;
  readonly comparison: '<' | '>';
  readonly order: 'ASC' | 'DESC';
  readonly limit: number;
}

/** A page, newest first, with the absolute URLs of its neighbours. */
export interface Paginated<Item> {
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: Item[];
}

/** What a caller asks of a route that answers in pages. */
export interface PageRequest {
  /** As it came; `paginate` reads it. */
  readonly cursor: string | undefined;
  readonly size: number;
  /** The URL of this request with another cursor. */
  readonly urlWith: (cursor: string) => string;
}

interface Cursor {
  readonly direction: 'older' | 'newer';
  readonly key: string;
}

const encode = ({ direction, key }: Cursor) =>
  Buffer.from(`${direction}:${key}`).toString('base64url');

function decode(text: string, keyShape: RegExp): Cursor {
  const [direction, key] = Buffer.from(text, 'base64url').toString('latin1').split(':');
  const known = direction === 'older' || direction === 'newer';
  if (!known || !key || !keyShape.test(key.toLowerCase())) throw new NotFound('Invalid cursor');
  return { direction, key: key.toLowerCase() };
}

/** A size that makes no sense is the default, as in the reference; a large one is the largest. */
function pageSize(text: string | undefined): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1) return PAGE_SIZE_DEFAULT;
  return Math.min(size, PAGE_SIZE_MAX);
}

/** The page that the caller asks for, by `?cursor=` and `?page_size=`: what `paginate` needs. */
export const Page = createParamDecorator((_: unknown, context: ExecutionContext): PageRequest => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    cursor: queryText(request, 'cursor'),
    size: pageSize(queryText(request, 'page_size')),
    urlWith: (cursor) => urlWith(request, cursor),
  };
});

/**
 * Reads one page, newest first. Keys do not move when rows are added, so that pages neither repeat nor
 * skip a row under writes. Throws `NotFound` for a cursor that is not ours.
 */
export async function paginate<Row>(
  { cursor: cursorText, size, urlWith }: PageRequest,
  read: (keyset: Keyset) => Promise<Row[]>,
  keyShape: RegExp,
  keyOf: (row: Row) => string,
): Promise<Paginated<Row>> {
  const cursor = cursorText ? decode(cursorText, keyShape) : undefined;
  const newer = cursor?.direction === 'newer';
  const rows = await read({
    key: cursor?.key,
    comparison: newer ? '>' : '<',
    order: newer ? 'ASC' : 'DESC',
    limit: size + 1, // one more tells whether there is another page
  });
  const hasMore = rows.length > size;
  const results = newer ? rows.slice(0, size).reverse() : rows.slice(0, size);
  const [first, last] = [results.at(0), results.at(-1)];
  const to = (direction: Cursor['direction'], key: string) => urlWith(encode({ direction, key }));
  if (!first && cursor) {
    // All that was here is deleted, or nothing is yet: the way back begins at the key itself.
    const beside = nextTo(cursor.key, newer ? 1n : -1n);
    const back = to(newer ? 'older' : 'newer', beside);
    return { next: newer ? back : null, previous: newer ? null : back, results };
  }
  const link = (direction: Cursor['direction'], row: Row | undefined) =>
    row === undefined ? null : to(direction, keyOf(row));
  return {
    next: newer || hasMore ? link('older', last) : null,
    previous: (newer && hasMore) || (cursor && !newer) ? link('newer', first) : null,
    results,
  };
}

/** The key one step after or before this one, whether a row has it or not. */
function nextTo(key: string, step: 1n | -1n): string {
  if (NUMBER_KEY.test(key)) return String(Math.max(0, Number(key) + Number(step)));
  const digits = key.replaceAll('-', '');
  const moved = BigInt.asUintN(128, BigInt(`0x${digits}`) + step)
    .toString(16)
    .padStart(digits.length, '0');
  return moved.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function urlWith(request: FastifyRequest, cursor: string): string {
  // A trusted proxy may pass on what its client wrote: a link of ours has one of two schemes.
  const scheme = request.protocol === 'https' ? 'https' : 'http';
  const origin = `${scheme}://${request.host}`;
  // HTTP/1.0 may do without a Host, and any other may be no host at all.
  if (!URL.canParse(request.url, origin)) throw new BadRequest('Malformed Host header.');
  const url = new URL(request.url, origin);
  url.searchParams.set('cursor', cursor);
  return url.href;
}
