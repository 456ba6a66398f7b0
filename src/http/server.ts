import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Bindings, Logger } from 'pino';
import type { Config } from '../config/config.js';
import { BadRequest, NotFound } from '../errors.js';
import { RawBody } from '../drf/decode-body.js';
import { hasUnclearEnd } from './ambiguous-request.js';
import type { Arrivals } from './arrivals.js';
import { createListener } from './listener.js';
import type { RequestGate } from './request-gate.js';
import type { UnreadAnswers } from './unread-answers.js';
import { afterUpgradeBody } from './upgrade-body.js';
import { authenticateLargeBody, senderOf } from './body-sender.js';
import { collectBody } from './collect-body.js';
import { allowOrigin, answerPreflight } from './cross-origin.js';
import { toJson } from '../drf/json.js';
import { lowerCaseIds } from './ids.js';
import { trustOf } from './network.js';
import { isPublic } from './request.decorators.js';
import type { RouteMarks } from './route-table.js';
import { answerUnrouted, writeJson, type Routing } from './unrouted.js';
import { withModelInOnePart } from './openai-error.js';
import { reportOutcome, type RequestEnded } from './request-log.js';
import { inSpan } from './request-span.js';
import { sendError } from './send-error.js';

/** Enough for a name of 1,000 characters, each escaped as nine. Some old users have such names. */
const URL_PARAMETER_MAX_CHARS = 9000;

/** A request id that a caller or a balancer may choose. Any other value is replaced by a new id. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** The parts of the app that the server's hooks need. */
export interface ServerParts extends Routing {
  readonly gate: RequestGate;
  readonly unread: UnreadAnswers;
  /** Maximum size of the body of a public route. */
  readonly publicBodyMaxBytes: number;
  /** The origins whose pages may read the responses. */
  readonly corsOrigins: readonly string[];
  /** Throws the 429 for a network that sends too many requests, before the body is read. */
  readonly admitNetwork: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Returns the delay of a refusal to an unknown caller, or undefined if it is sent immediately. */
  readonly delayRefusal: DelayRefusal;
  /** Counts how an exchange ended. */
  readonly requestEnded: RequestEnded;
}

type DelayRefusal = (request: FastifyRequest) => Promise<void> | undefined;

declare module 'fastify' {
  interface FastifyInstance {
    requestEnded: RequestEnded;
    delayRefusal: DelayRefusal;
  }
  interface FastifyRequest {
    /** The Content-Type of the request. */
    declaredType: string;
  }
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Returns the path of a request line that has a whole URL. Proxies send it, and RFC 9112 requires to accept it. */
const withoutOrigin = (url: string): string =>
  url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]+\/?/i, '/');

/** Creates the HTTP server with its limits, before any route. */
export function createAdapter(
  logger: Logger,
  { config, arrivals }: { readonly config: Config; readonly arrivals: Arrivals },
): FastifyAdapter {
  const { bodyMaxBytes, trustedProxies, corsOrigins } = config;
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    // Without options, of which there are none, pino makes a child faster.
    childLoggerFactory: (parent: FastifyBaseLogger, bindings: Bindings) => parent.child(bindings),
    bodyLimit: bodyMaxBytes,
    // The forwarded address, scheme and host are only believed if a trusted proxy sent them.
    trustProxy: trustedProxies.length > 0 && trustOf(trustedProxies),
    serverFactory: (handle: RequestListener) =>
      createListener(handle, { config, logger, arrivals }),
    rewriteUrl: ({ url = '/' }) => withModelInOnePart(withoutOrigin(url)),
    // `RequestGate` has waited before that. The connections that remain are idle, or never sent a request.
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: URL_PARAMETER_MAX_CHARS },
    // Each listener has its own handler. Fastify would attach this one to the first listener only.
    clientErrorHandler: () => undefined,
    // A path that cannot be decoded, or with a parameter that is too long, does not exist. No hook has run yet.
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setCommonHeaders(request, reply, corsOrigins);
      closeAfterUnclearEnd(request, reply);
      reportOutcome(request, reply);
      writeJson(reply, 0);
      void sendError(request, reply, new NotFound());
    },
    skipMiddie: true,
  });
}

/**
 * Sets the headers of every response, as the reference does. Their names are in lower case, as they are sent: Fastify
 * would convert others for each response.
 */
function setCommonHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  corsOrigins: readonly string[],
): void {
  allowOrigin(request, reply, corsOrigins);
  void reply.headers({
    'x-request-id': request.id,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    // Most responses belong to one user. A response that may be cached sets its own value.
    'cache-control': 'no-store',
  });
}

/** Returns whether the end of the request is unclear. The connection is then closed after the response. */
function closeAfterUnclearEnd(request: FastifyRequest, reply: FastifyReply): boolean {
  const isUnclear = hasUnclearEnd(request.raw);
  if (isUnclear) void reply.header('connection', 'close');
  return isUnclear;
}

/**
 * Installs what happens to a request before and beside its handler. Call it before the routes register. Bodies are
 * only collected here. `BodyPipe` decodes them after the guard.
 */
export function installHooks(server: FastifyInstance, parts: ServerParts): void {
  server.decorate('requestEnded', parts.requestEnded);
  server.decorate('delayRefusal', parts.delayRefusal);
  server.decorateRequest('declaredType', '');
  server.decorateRequest('bodySender', undefined);
  server.decorateRequest('openRequest', undefined);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (request, payload, done) => {
    const { 'content-encoding': encoding = '' } = request.headers;
    const { bodyLimit, config } = request.routeOptions;
    const { jsonCommasMax } = config as RouteMarks;
    const limits = { bytesMax: bodyLimit, sender: () => senderOf(request) };
    collectBody(payload, limits, (error, bytes) => {
      if (!bytes) done(error);
      else done(null, new RawBody(bytes, request.declaredType, encoding, jsonCommasMax));
    });
  });
  server.setReplySerializer((payload) => toJson(payload));
  server.addHook('onRoute', (route) => {
    parts.routes.add(route);
    const { isPublic = false } = (route.config ?? {}) as RouteMarks;
    if (isPublic) route.bodyLimit = parts.publicBodyMaxBytes;
    route.handler = inSpan(parts.gate.trackHandler(route.handler));
  });
  server.addHook('onRequest', (request, reply) => receiveHead(request, reply, parts));
  server.addHook('onSend', (request, reply, payload, done) => {
    // Fastify adds a charset. JSON has none, and the reference sends none.
    const type = reply.getHeader('content-type');
    if (type === 'application/json; charset=utf-8') void reply.type('application/json');
    afterUpgradeBody(request, reply, done.bind(undefined, null, payload));
  });
}

/**
 * Checks a request before its body is read. Returns the reply if the request was answered, which tells Fastify to do no
 * more.
 */
async function receiveHead(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: ServerParts,
): Promise<FastifyReply | undefined> {
  setCommonHeaders(request, reply, parts.corsOrigins);
  const isEndUnclear = closeAfterUnclearEnd(request, reply);
  reportOutcome(request, reply);
  parts.unread.watch(request.raw.socket);
  if (!parts.gate.admit(request, reply)) return reply;
  if (isEndUnclear) {
    await sendError(request, reply, new BadRequest('Malformed request.'));
    return reply;
  }
  if (answerPreflight(request, reply)) return reply;
  hideContentType(request);
  if (request.url.startsWith('/api/')) [request.params, request.query].forEach(lowerCaseIds);
  try {
    const answered = answerUnrouted(request, reply, parts);
    if (answered) await answered;
    if (!reply.sent && isPublic(request)) await parts.admitNetwork(request, reply);
    if (!reply.sent) await authenticateLargeBody(request, parts);
  } catch (error) {
    await sendError(request, reply, error);
    return reply;
  }
  return reply.sent ? reply : undefined;
}

/**
 * Hides the Content-Type from Fastify, which would refuse an invalid one before the guard runs. The contract
 * requires 401 first, and an empty body is `{}` with any type.
 */
function hideContentType(request: FastifyRequest): void {
  request.declaredType = request.headers['content-type'] ?? '';
  // Set to undefined, because deleting a field makes an object slow.
  request.raw.headers['content-type'] = undefined;
}
