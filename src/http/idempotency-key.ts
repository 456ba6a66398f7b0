import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { digestOf } from '../digest.js';
import { IdempotencyKeyMalformed } from '../errors.js';

const KEY_MAX_CHARS = 255;
/** A structured-field string (RFC 9651), which the draft standard asks for. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
/** What most clients send. A comma would mean that the header came twice. */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** Reads the header's value; undefined where there is none. Throws `IdempotencyKeyMalformed`. */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header).trim();
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, '$1');
  const key = quoted ?? (BARE.test(text) ? text : '');
  if (key === '' || key.length > KEY_MAX_CHARS) throw new IdempotencyKeyMalformed();
  return key;
}

/** The caller's Idempotency-Key, or undefined. For every route that charges or credits. */
export const IdempotencyKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined =>
    readIdempotencyKey(
      context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'],
    ),
);

/** Says on an answer that it was given before, to the same key; call it before the answer is sent. */
export function markReplay(reply: FastifyReply): void {
  void reply.header('Idempotent-Replayed', 'true');
}

/**
 * A digest by which a retry is told from another request: equal input, equal hash, in whatever order the
 * fields of an object stand.
 */
export function hashInput(input: unknown): string {
  return digestOf(JSON.stringify(input, sortFields));
}

function sortFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
