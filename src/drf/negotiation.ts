import type { IncomingMessage } from 'node:http';
import { NotAcceptable, NotFound } from '../errors.js';
import { matches, parseMediaType, type MediaType } from './media-type.js';

const JSON_TYPE = parseMediaType('application/json');
const INDENT_MAX = 8;

/**
 * What can be asked for, and by which `?format=`. Who asks for HTML alone, as a browser's address bar may,
 * is given JSON: there are no HTML pages here, but the reference answers such a request.
 */
const WRITABLE: readonly { readonly type: MediaType; readonly format: string }[] = [
  { type: JSON_TYPE, format: 'json' },
  { type: parseMediaType('text/html'), format: 'api' },
  { type: parseMediaType('text/event-stream'), format: '' },
];

/** How an answer's JSON is to be written. */
export interface JsonStyle {
  /** Spaces for each level; none for JSON on one line. */
  readonly indent: number;
}

/** How exact a range is: `*` and `*` 0, `text/*` 1, a type 2, with parameters other than `q` 3. */
function exactness({ type, subtype, parameters }: MediaType): number {
  if (type === '*') return 0;
  if (subtype === '*') return 1;
  return [...parameters.keys()].every((name) => name === 'q') ? 2 : 3;
}

function formatOf(request: IncomingMessage): string | undefined {
  const url = request.url ?? '';
  if (!url.includes('format=')) return undefined;
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  return query.getAll('format').at(-1) || undefined;
}

function indentOf({ parameters }: MediaType): number {
  const indent = parameters.get('indent') ?? '';
  return /^\d+$/.test(indent) ? Math.min(Number(indent), INDENT_MAX) : 0;
}

/**
 * Refuses an `Accept` that cannot be met (406) and a `?format=` that nothing writes (404), as the
 * reference. A route that is `jsonOnly` writes no HTML there either.
 */
export function negotiate(request: IncomingMessage, jsonOnly: boolean): JsonStyle {
  const format = formatOf(request);
  const { accept } = request.headers;
  const acceptsAny = accept === undefined || accept === '*/*' || accept === 'application/json';
  if (format === undefined && acceptsAny) return { indent: 0 };
  const writable = WRITABLE.filter(
    (form) =>
      (!jsonOnly || form.type === JSON_TYPE) && (format === undefined || form.format === format),
  );
  if (writable.length === 0) throw new NotFound();
  const ranges = (accept ?? '*/*').split(',').map(parseMediaType);
  for (const exact of [3, 2, 1, 0]) {
    const equals = ranges.filter((range) => exactness(range) === exact);
    for (const { type } of writable) {
      const range = equals.find((candidate) => matches(candidate, type));
      if (range) return { indent: type === JSON_TYPE ? indentOf(range) : 0 };
    }
  }
  throw new NotAcceptable();
}
