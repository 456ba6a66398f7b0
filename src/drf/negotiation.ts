import type { IncomingMessage } from 'node:http';
import { NotAcceptable, NotFound } from '../errors.js';
import { matches, parseMediaType, type MediaType } from './media-type.js';

const JSON_TYPE = parseMediaType('application/json');
const INDENT_MAX = 8;

/**
 * The formats that a caller can request with `Accept`, and their names in `?format=`. A caller that only accepts
 * HTML, such as a browser, gets JSON: this service has no HTML pages for these routes, but the reference answers
 * such a request.
 */
const ACCEPTED_FORMATS: readonly { readonly type: MediaType; readonly format: string }[] = [
  { type: JSON_TYPE, format: 'json' },
  { type: parseMediaType('text/html'), format: 'api' },
  { type: parseMediaType('text/event-stream'), format: '' },
];

/** The format of the JSON in a response. */
export interface JsonStyle {
  /** Number of spaces for each level. 0 writes the JSON on one line. */
  readonly indent: number;
}

/**
 * Returns how specific a range is: 0 for any type, 1 for `text/*`, 2 for a type, 3 for a type with parameters
 * other than `q`.
 */
function specificity({ type, subtype, parameters }: MediaType): number {
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
 * Returns the JSON format of the response. Throws a 406 for an `Accept` that cannot be satisfied, and a 404 for an
 * unknown `?format=`, as the reference does. A `jsonOnly` route of the reference has no HTML either.
 */
export function negotiate(request: IncomingMessage, jsonOnly: boolean): JsonStyle {
  const format = formatOf(request);
  const { accept } = request.headers;
  const acceptsAny = accept === undefined || accept === '*/*' || accept === 'application/json';
  if (format === undefined && acceptsAny) return { indent: 0 };
  const writable = ACCEPTED_FORMATS.filter(
    (form) =>
      (!jsonOnly || form.type === JSON_TYPE) && (format === undefined || form.format === format),
  );
  if (writable.length === 0) throw new NotFound();
  const ranges = (accept ?? '*/*').split(',').map(parseMediaType);
  for (const exact of [3, 2, 1, 0]) {
    const equals = ranges.filter((range) => specificity(range) === exact);
    for (const { type } of writable) {
      const range = equals.find((candidate) => matches(candidate, type));
      if (range) return { indent: type === JSON_TYPE ? indentOf(range) : 0 };
    }
  }
  throw new NotAcceptable();
}
