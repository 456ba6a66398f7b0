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

/** A page, with the absolute URLs of its neighbours. */
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

type Direction = 'older' | 'newer';

interface Cursor {
  readonly direction: Direction;
  /** Undefined for an end of the list. */
  readonly key: string | undefined;
}

/** In place of a key: all rows lie on the one side of it that is asked for. */
const ENDS: Readonly<Record<Direction, string>> = { older: 'newest', newer: 'oldest' };

const encode = ({ direction, key = ENDS[direction] }: Cursor) =>
  Buffer.from(`${direction}:${key}`).toString('base64url');

function decode(text: string, keyShape: RegExp): Cursor {
  const [direction, key] = Buffer.from(text, 'base64url').toString('latin1').split(':');
  const known = direction === 'older' || direction === 'newer';
  if (known && key === ENDS[direction]) return { direction, key: undefined };
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
 * Reads one page, newest first unless `first` says otherwise. Keys do not move when rows are added, so that pages
 * neither repeat nor skip a row under writes. A page that lost its rows keeps the way back. Throws `NotFound` for
 * a cursor that is not ours.
 */
export async function paginate<Row>(
  { cursor: cursorText, size, urlWith }: PageRequest,
  read: (keyset: Keyset) => Promise<Row[]>,
  keyShape: RegExp,
  keyOf: (row: Row) => string,
  first: 'newest' | 'oldest' = 'newest',
): Promise<Paginated<Row>> {
  const cursor = cursorText ? decode(cursorText, keyShape) : undefined;
  const [onward, back] =
    first === 'newest' ? (['older', 'newer'] as const) : (['newer', 'older'] as const);
  const isBack = cursor?.direction === back;
  const direction = isBack ? back : onward;
  const rows = await read({
    key: cursor?.key,
    comparison: direction === 'newer' ? '>' : '<',
    order: direction === 'newer' ? 'ASC' : 'DESC',
    limit: size + 1, // one more tells whether there is another page
  });
  const hasMore = rows.length > size;
  const results = isBack ? rows.slice(0, size).reverse() : rows.slice(0, size);
  const link = (to: Direction, row: Row | undefined) =>
    urlWith(encode({ direction: to, key: row && keyOf(row) }));
  const hasPrevious = isBack ? hasMore : cursor?.key !== undefined;
  return {
    next: isBack || hasMore ? link(onward, results.at(-1)) : null,
    previous: hasPrevious ? link(back, results.at(0)) : null,
    results,
  };
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
