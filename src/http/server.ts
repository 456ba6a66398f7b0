import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { NotFound } from '../errors.js';
import type { Principal } from '../principal.js';
import { RawBody } from '../drf/decode-body.js';
import { takeTurns } from './pipelining.js';
import type { RequestGate } from './request-gate.js';
import type { UnreadAnswers } from './unread-answers.js';
import { collectBody } from './collect-body.js';
import { allowOrigin, answerPreflight } from './cross-origin.js';
import { onResponseClosed } from './exchange.js';
import { toJson } from '../drf/json.js';
import { lowerCaseIds } from './ids.js';
import { refuseConnection } from './refuse-connection.js';
import { isPublic } from './request.decorators.js';
import type { RouteMarks } from './route-table.js';
import { answerUnrouted, writeJson, type Doors } from './unrouted.js';
import { withModelInOnePart } from './openai-error.js';
import { beginSpan, endSpan, inSpan } from './request-span.js';
import { refusalOf, sendError } from './send-error.js';

const HEADERS_MAX_BYTES = 16_384;
/** A client must have sent its headers within this; its whole request within `REQUEST_TIMEOUT_SECONDS`. */
const HEADERS_TIMEOUT_MS = 10_000;
const TIMEOUTS_CHECKED_EVERY_MS = 2000;
/** Longer than the 60 s after which common balancers drop an idle connection, so that they do it first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** A name of 1,000 characters, each of which may be escaped as nine: operators have old users with long ones. */
const URL_PARAMETER_MAX_CHARS = 9000;

/** A request id that a caller or a balancer may choose; anything else gets a new one. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** Parts of the app that the server's hooks need. */
export interface ServerParts extends Doors {
  readonly gate: RequestGate;
  readonly unread: UnreadAnswers;
  /** The most that the body of a public route may have. */
  readonly publicBodyMaxBytes: number;
  /** The origins whose pages may read the answers. */
  readonly corsOrigins: readonly string[];
  /** Throws the 429 for a network that has asked too often, before the body is read. */
  readonly admitNetwork: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Counts how an exchange ended. */
  readonly requestEnded: RequestEnded;
}

/** Told once for each exchange, when its answer is sent or its caller gone. */
type RequestEnded = (outcome: {
  readonly method: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
  readonly refusal: string | undefined;
}) => void;

declare module 'fastify' {
  interface FastifyInstance {
    requestEnded: RequestEnded;
  }
  interface FastifyRequest {
    /** The Content-Type that it came with. */
    declaredType: string;
  }
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** The HTTP server with its limits, before any route. */
export function createAdapter(
  logger: Logger,
  { bodyMaxBytes, requestTimeoutSeconds, trustedProxies, corsOrigins }: Config,
): FastifyAdapter {
  const requestTimeout = requestTimeoutSeconds * 1000;
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    bodyLimit: bodyMaxBytes,
    // Of the address, the scheme and the host that a request gives, only a trusted proxy's word counts.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    http: {
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      connectionsCheckingInterval: TIMEOUTS_CHECKED_EVERY_MS,
      // Node would answer without a body or a request id; `refuseAmbiguous` does it in our shape.
      requireHostHeader: false,
    },
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    rewriteUrl: ({ url = '/' }) => withModelInOnePart(url),
    // By then `RequestGate` has waited: what is left is idle, or a socket that never sent a request.
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: URL_PARAMETER_MAX_CHARS },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => {
      refuseConnection(logger, error, socket);
    },
    // A path that cannot be decoded, or with an endless parameter, names nothing. No hook has run.
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setCommonHeaders(request, reply, corsOrigins);
      logOutcome(request, reply);
      writeJson(reply, 0);
      sendError(request, reply, new NotFound());
    },
    skipMiddie: true,
  });
  takeTurns(adapter.getInstance().server);
  return adapter;
}

/** Headers that every answer carries, as the reference's do. */
function setCommonHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  corsOrigins: readonly string[],
): void {
  allowOrigin(request, reply, corsOrigins);
  void reply.headers({
    'X-Request-Id': request.id,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    // Most of what is told is one person's; what may be kept says so itself.
    'Cache-Control': 'no-store',
  });
}

/**
 * One line for each request, also for one whose client hung up. The query stays out, for it may hold secrets;
 * so does a path that is a route's, for the route tells it.
 */
function logOutcome(request: FastifyRequest & { user?: Principal }, reply: FastifyReply): void {
  const startedAt = performance.now();
  beginSpan(request);
  onResponseClosed(reply.raw, () => {
    const { method, routeOptions, ip: address, user } = request;
    const { url: route } = routeOptions;
    const { statusCode: status } = reply;
    const took = performance.now() - startedAt;
    const outcome = reply.raw.writableFinished ? 'answered' : 'client gone';
    const path = route === undefined ? unknownPath(request.url) : undefined;
    const refusal = refusalOf(reply);
    const line = { method, route, path, status, code: refusal, ms: Math.round(took), address };
    request.log.info({ ...line, user: user?.userId, key: user?.key?.name }, outcome);
    endSpan(request, status, refusal);
    request.server.requestEnded({ method, route, status, seconds: took / 1000, refusal });
  });
}

/** So much of a path that no route has is logged: enough to see what somebody looks for. */
const UNKNOWN_PATH_MAX_CHARS = 100;

/** What a credential may be: a long word that is no UUID. A caller may have put a key or a link's token there. */
const SECRET_LOOKING =
  /(?<![\w-])(?![\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\w-]))[\w-]{20,}/gi;

const unknownPath = (url: string): string =>
  (url.split('?', 1)[0] ?? '').replace(SECRET_LOOKING, '[hidden]').slice(0, UNKNOWN_PATH_MAX_CHARS);

/**
 * What happens to a request before and beside its handler. Call before the routes register. Bodies are
 * only collected here: they are decoded after the guard, by `BodyPipe`.
 */
export function installHooks(server: FastifyInstance, parts: ServerParts): void {
  server.decorate('requestEnded', parts.requestEnded);
  server.decorateRequest('declaredType', '');
  server.decorateRequest('seat', undefined);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (request, payload, done) => {
    const { 'content-encoding': encoding = '' } = request.headers;
    const { bodyLimit, config } = request.routeOptions;
    const { jsonCommasMax } = config as RouteMarks;
    collectBody(payload, bodyLimit, (error, bytes) => {
      if (!bytes) done(error);
      else done(null, new RawBody(bytes, request.declaredType, encoding, jsonCommasMax));
    });
  });
  server.setReplySerializer((payload) => toJson(payload));
  server.addHook('onRoute', (route) => {
    parts.routes.add(route);
    const { isPublic = false } = (route.config ?? {}) as RouteMarks;
    if (isPublic) route.bodyLimit = parts.publicBodyMaxBytes;
    route.handler = inSpan(parts.gate.follow(route.handler));
  });
  server.addHook('onRequest', async (request, reply) => {
    setCommonHeaders(request, reply, parts.corsOrigins);
    logOutcome(request, reply);
    parts.unread.watch(request.raw.socket);
    if (!parts.gate.admit(request, reply)) return reply;
    if (answerPreflight(request, reply)) return reply;
    hideContentType(request);
    if (request.url.startsWith('/api/')) [request.params, request.query].forEach(lowerCaseIds);
    try {
      const answered = answerUnrouted(request, reply, parts);
      if (answered) await answered;
      if (!reply.sent && isPublic(request)) await parts.admitNetwork(request, reply);
      if (!reply.sent && isLarge(request)) await parts.authenticate(request.raw);
    } catch (error) {
      sendError(request, reply, error);
    }
    return reply.sent ? reply : undefined;
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    // Fastify adds a charset, which JSON does not have and the reference does not send.
    const type = reply.getHeader('content-type');
    if (type === 'application/json; charset=utf-8') void reply.type('application/json');
    done(null, payload);
  });
}

/** Of a larger body the caller is asked for before it is read; for a smaller one that would be a second look-up. */
const STRANGERS_BODY_MAX_BYTES = 65_536;

/** Whether the body is one that is read only from a caller who is known: of unknown size, or large. */
function isLarge(request: FastifyRequest): boolean {
  if (isPublic(request)) return false;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.raw.headers;
  return encoding !== undefined || Number(length ?? 0) > STRANGERS_BODY_MAX_BYTES;
}

/**
 * Fastify refuses a Content-Type that is none before the guard is asked. The contract says 401 first, and
 * that an empty body is `{}` whatever its type; so Fastify is not shown the header.
 */
function hideContentType(request: FastifyRequest): void {
  request.declaredType = request.headers['content-type'] ?? '';
  // Not deleted: an object that loses a field is slow from then on.
  request.raw.headers['content-type'] = undefined;
}
