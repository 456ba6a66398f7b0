import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { digestOf } from '../digest.js';
import { IdempotencyKeyMalformed } from '../errors.js';

const KEY_MAX_CHARS = 255;
/** A structured-field string (RFC 9651), as the draft standard requires. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
/** A key without quotes, as most clients send it. A comma is refused, because it would mean two headers. */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** Parses the header. Returns undefined if it is missing. Throws `IdempotencyKeyMalformed`. */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header).trim();
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, '$1');
  const key = quoted ?? (BARE.test(text) ? text : '');
  if (key === '' || key.length > KEY_MAX_CHARS) throw new IdempotencyKeyMalformed();
  return key;
}

/** Provides the caller's Idempotency-Key, or undefined. Use it in every route that charges or credits. */
export const IdempotencyKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined =>
    readIdempotencyKey(
      context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'],
    ),
);

/** Marks a response as a replay for the same key. Call it before the response is sent. */
export function markReplay(reply: FastifyReply): void {
  void reply.header('Idempotent-Replayed', 'true');
}

/**
 * Returns a digest that distinguishes a retry from another request. Equal input has an equal hash, in any order of
 * an object's fields.
 */
export function hashInput(input: unknown): string {
  return digestOf(JSON.stringify(input, sortFields));
}

function sortFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
