import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';
import { NotAcceptable, NotFound } from '../errors.js';

/** What can be written. Who asks for HTML alone, as a browser's address bar may, is given JSON. */
const WRITABLE = ['application/json', 'text/html', 'text/event-stream'];

/** Refuses an `Accept` that cannot be met (406) and a `?format=` other than JSON (404), as the reference. */
export function negotiate(request: IncomingMessage): void {
  const url = request.url ?? '';
  if (url.includes('format=')) {
    const format = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('format');
    if (format !== null && format !== '' && format !== 'json') throw new NotFound();
  }
  const { accept } = request.headers;
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return;
  if (new Negotiator(request).mediaTypes(WRITABLE).length === 0) throw new NotAcceptable();
}
