import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReadConnection } from '../database/read-connection.js';
import { readIdempotencyKey } from '../http/idempotency-key.js';
import type { RouteMarks } from '../http/route-table.js';

/** Recognises a replay before anything else of the request is checked. */
@Injectable()
export class KnownKeys {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * Checks whether the request repeats a key that was answered. Such a request spends nothing, whatever its result is
   * (a replay or 422). While the first request runs, a repetition does not count as one: if the model fails, the key
   * is free, and the repetition asks the model. Returns false at once if there is no key to look up. Throws
   * `IdempotencyKeyMalformed`.
   */
  isRepeat(request: FastifyRequest, ownerId: string): false | Promise<boolean> {
    const key = readIdempotencyKey(request.headers['idempotency-key']);
    const { keyRoute } = request.routeOptions.config as RouteMarks;
    if (key === undefined || keyRoute === undefined) return false;
    return this.isEnded(ownerId, keyRoute, key);
  }

  private async isEnded(ownerId: string, keyRoute: string, key: string): Promise<boolean> {
    const known = await this.reader.read(
      `/* limit.known_key */ SELECT id FROM holds
       WHERE owner_id = $1 AND claim_route = $2 AND claim_key = $3 AND state <> 'open'`,
      [ownerId, keyRoute, key],
    );
    return known.length > 0;
  }
}
