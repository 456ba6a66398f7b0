import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { UUID_PATTERN } from '../new-id.js';
import type { Principal } from '../principal.js';
import { onResponseClosed } from './exchange.js';
import { beginSpan, endSpan } from './request-span.js';
import { errorCodeOf } from './send-error.js';

/** Called once for each exchange, when its response is sent or its client has left. */
export type RequestEnded = (outcome: {
  readonly method: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
  readonly refusal: string | undefined;
}) => void;

/**
 * Logs one line for each request when it has ended, even if its client left, and counts and traces it. The query is left
 * out, because it may contain secrets. The path is left out if it matches a route, because the route is logged.
 */
export function reportOutcome(
  request: FastifyRequest & { user?: Principal },
  reply: FastifyReply,
): void {
  const startedAt = performance.now();
  beginSpan(request);
  onResponseClosed(reply.raw, () => {
    const { method, routeOptions } = request;
    const { url: route } = routeOptions;
    const { statusCode: status } = reply;
    const took = performance.now() - startedAt;
    const refusal = errorCodeOf(reply);
    // Finding the address and making the line cost time, also if nothing is logged.
    if ((request.log as Logger).isLevelEnabled('info')) {
      const { ip: address, user } = request;
      const outcome = reply.raw.writableFinished ? 'answered' : 'client gone';
      const path = route === undefined ? unknownPath(request.url) : undefined;
      const ms = Math.round(took);
      const [userId, key] = [user?.userId, user?.key?.name];
      request.log.info(
        { method, route, path, status, code: refusal, ms, address, user: userId, key },
        outcome,
      );
    }
    endSpan(request, status, refusal);
    request.server.requestEnded({ method, route, status, seconds: took / 1000, refusal });
  });
}

/** Maximum length of an unknown path in the log. It is enough to see what a scanner looks for. */
const UNKNOWN_PATH_MAX_CHARS = 100;

/** A word that may be a credential: long, and not a UUID. A caller may have put a key or a token into the path. */
const POSSIBLE_SECRET = new RegExp(`(?<![\\w-])(?!${UUID_PATTERN}(?![\\w-]))[\\w-]{20,}`, 'gi');

/** Returns an unknown path for the log, shortened and without possible secrets. */
const unknownPath = (url: string): string =>
  (url.split('?', 1)[0] ?? '')
    .replace(POSSIBLE_SECRET, '[hidden]')
    .slice(0, UNKNOWN_PATH_MAX_CHARS);
