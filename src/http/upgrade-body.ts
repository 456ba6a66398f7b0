import { finished } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Calls `answer`, but after the whole body if the request has an `Upgrade` header, as the first one of Java's HTTP
 * client. After such a body Node drops everything that came together with its end. A client that is refused before its
 * body is read sends the next request at once, which would then never be answered.
 */
export function afterUpgradeBody(
  { raw, routeOptions }: FastifyRequest,
  reply: FastifyReply,
  answer: () => void,
): void {
  const isAtRisk =
    raw.headers.upgrade !== undefined && !raw.complete && reply.getHeader('connection') !== 'close';
  if (!isAtRisk) answer();
  else if (Number(raw.headers['content-length'] ?? Infinity) <= routeOptions.bodyLimit)
    finished(raw.resume(), { writable: false }, answer);
  else {
    // The body may be endless.
    void reply.header('Connection', 'close');
    answer();
  }
}
