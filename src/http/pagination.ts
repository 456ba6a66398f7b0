import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BadRequest, NotFound } from '../errors.js';
import { UUID } from './ids.js';
import { queryText } from './query.js';

export const PAGE_SIZE_DEFAULT = 20;
export const PAGE_SIZE_MAX = 100;
/** Maximum size of the text in one page of rows that have a text. The first row is always included. */
export const PAGE_MAX_BYTES = 1_048_576;
/** Number of such rows in one read. More rows would often be dropped. A page of default size is one read. */
const BATCH_ROWS = PAGE_SIZE_DEFAULT + 6;

/** The number of a row, as in links, or its id, as clients know it from the row. */
export const NUMBER_OR_ID_KEY = new RegExp(`^\\d{1,15}$|${UUID.source}`);

/**
 * Describes what to read: `limit` rows on one side of `key`, in `order`. `comparison` and `order` are safe to put
 * into SQL.
 */
export interface Keyset {
  readonly key: string | undefined;
  readonly comparison: '<' | '>';
  readonly order: 'ASC' | 'DESC';
  readonly limit: number;
}

/** A page, with the absolute URLs of the next and the previous page. */
export interface Paginated<Item> {
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: Item[];
}

/** The request of a caller for one page. */
export interface PageRequest {
  /** The raw cursor. `paginate` parses it. */
  readonly cursor: string | undefined;
  readonly size: number;
  /** Returns the URL of this request with another cursor. */
  readonly urlWith: (cursor: string) => string;
}

type Direction = 'older' | 'newer';

interface Cursor {
  readonly direction: Direction;
  /** Undefined for an end of the list. */
  readonly key: string | undefined;
}

/** Used in place of a key if the whole list lies in the requested direction. */
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

/**
 * Returns the page size. An invalid size becomes the default, as in the reference. A larger one becomes the
 * maximum.
 */
function pageSize(text: string | undefined): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1) return PAGE_SIZE_DEFAULT;
  return Math.min(size, PAGE_SIZE_MAX);
}

/** Provides the page that the caller requests with `?cursor=` and `?page_size=`, for `paginate`. */
export const Page = createParamDecorator((_: unknown, context: ExecutionContext): PageRequest => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    cursor: queryText(request, 'cursor'),
    size: pageSize(queryText(request, 'page_size')),
    urlWith: (cursor) => urlWith(request, cursor),
  };
});

/** Rows in the order of the keyset, and how many of them fit in the page. */
interface FilledPage<Row> {
  readonly rows: Row[];
  readonly fittingCount: number;
}

/** Reads the rows of a page and one more, if there is one. The extra row shows that another page exists. */
async function readUntilFull<Row>(
  size: number,
  keyset: Keyset,
  read: (keyset: Keyset) => Promise<Row[]>,
  keyOf: (row: Row) => string,
  bytesOf: (row: Row) => number,
): Promise<FilledPage<Row>> {
  const rows: Row[] = [];
  let [fittingCount, bytes, key] = [0, 0, keyset.key];
  for (;;) {
    const limit = Math.min(BATCH_ROWS, size + 1 - rows.length);
    const batch = await read({ ...keyset, key, limit });
    for (const row of batch) {
      rows.push(row);
      bytes += bytesOf(row);
      const isFirst = rows.length === 1;
      if (rows.length <= size && (isFirst || bytes <= PAGE_MAX_BYTES)) fittingCount = rows.length;
      key = keyOf(row);
    }
    if (batch.length < limit || rows.length > fittingCount) return { rows, fittingCount };
  }
}

/**
 * Reads one page, newest first unless `first` is `oldest`. Keys stay the same when rows are added, so pages neither
 * repeat nor skip rows during writes. A page whose rows were deleted keeps its link back. `bytesOf` returns the
 * size of a row's text: with it a page ends at 1 MiB. Throws `NotFound` for a cursor that is not ours.
 */
export async function paginate<Row>(
  { cursor: cursorText, size, urlWith }: PageRequest,
  read: (keyset: Keyset) => Promise<Row[]>,
  keyShape: RegExp,
  keyOf: (row: Row) => string,
  bytesOf?: (row: Row) => number,
  first: 'newest' | 'oldest' = 'newest',
): Promise<Paginated<Row>> {
  const cursor = cursorText ? decode(cursorText, keyShape) : undefined;
  const [forward, backward] =
    first === 'newest' ? (['older', 'newer'] as const) : (['newer', 'older'] as const);
  const isBackward = cursor?.direction === backward;
  const direction = isBackward ? backward : forward;
  const keyset: Keyset = {
    key: cursor?.key,
    comparison: direction === 'newer' ? '>' : '<',
    order: direction === 'newer' ? 'ASC' : 'DESC',
    limit: size + 1, // one extra row shows whether there is another page
  };
  const { rows, fittingCount } = bytesOf
    ? await readUntilFull(size, keyset, read, keyOf, bytesOf)
    : { rows: await read(keyset), fittingCount: size };
  const hasMore = rows.length > fittingCount;
  const results = isBackward ? rows.slice(0, fittingCount).reverse() : rows.slice(0, fittingCount);
  const link = (to: Direction, row: Row | undefined) =>
    urlWith(encode({ direction: to, key: row && keyOf(row) }));
  const hasPrevious = isBackward ? hasMore : cursor?.key !== undefined;
  return {
    next: isBackward || hasMore ? link(forward, results.at(-1)) : null,
    previous: hasPrevious ? link(backward, results.at(0)) : null,
    results,
  };
}

/** In a URL, these characters end the host, or begin it after a name and a password. */
const NOT_ONLY_HOST = /[/\\?#@]/;

function urlWith(request: FastifyRequest, cursor: string): string {
  // A trusted proxy may pass on any scheme that its client wrote, in any case. Our links only use two.
  const scheme = /^https$/i.test(request.protocol) ? 'https' : 'http';
  const origin = `${scheme}://${request.host}`;
  // HTTP/1.0 allows a request without a Host, and the value may not be a valid host.
  if (NOT_ONLY_HOST.test(request.host) || !URL.canParse(request.url, origin))
    throw new BadRequest('Malformed Host header.');
  const url = new URL(request.url, origin);
  url.searchParams.set('cursor', cursor);
  return url.href;
}
