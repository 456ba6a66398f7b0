import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { negotiate } from '../drf/negotiation.js';
import { toJson } from '../drf/json.js';
import { IdempotencyKeyNotAccepted, MethodNotAllowed, NotFound, type AppError } from '../errors.js';
import type { Principal } from '../principal.js';
import { assertUnambiguous } from './ambiguous-request.js';
import { addVary } from './cross-origin.js';
import { isMisplacedOpenAiPath, isOpenAiPath } from './openai-error.js';
import { acceptsIdempotencyKey, type RouteMarks, type RouteTable } from './route-table.js';

/** Knows which paths exist, and authenticates callers. */
export interface Routing {
  readonly routes: RouteTable;
  /** Throws the 401 for a caller without credentials. */
  readonly authenticate: (request: IncomingMessage) => Promise<Principal>;
}

/**
 * Sets the serializer. It is the only place that sends JSON, so that Fastify adds no charset. Text is sent
 * unchanged.
 */
export function writeJson(reply: FastifyReply, indent: number): void {
  void reply.serializer((payload: unknown) => {
    if (typeof payload === 'string') return payload;
    void reply.type('application/json');
    return toJson(payload, indent);
  });
}

/**
 * Answers requests that reach no handler, in the reference's order of checks: unknown path 404, format 404, Accept
 * 406, credentials 401, method 405. A routed request continues to its guard after the first three, unless it
 * contains something that no handler accepts.
 */
export function answerUnrouted(
  request: FastifyRequest,
  reply: FastifyReply,
  { routes, authenticate }: Routing,
): Promise<void> | undefined {
  assertUnambiguous(request.raw);
  if (isMisplacedOpenAiPath(request.url)) throw new NotFound(WRONG_BASE_URL);
  const known = routes.find(request.url);
  if (!known) throw isOpenAiPath(request.url) ? openAiPathNotFound(routes) : new NotFound();
  void reply.header('allow', known.allow);
  if (!known.anyAccept) {
    if (!known.jsonOnly) addVary(reply, 'Accept');
    const { indent } = negotiate(request.raw, known.jsonOnly);
    if (indent > 0) writeJson(reply, indent);
  }
  // The router matches GET /api/chat/quote/ as a turn with that id, but this path only accepts POST.
  const isRouted = !request.is404 && known.methods.has(request.method);
  const refusal = isRouted ? findIgnoredPart(request) : undefined;
  if (isRouted && !refusal) return undefined;
  const caller = known.isPublic ? Promise.resolve() : authenticate(request.raw);
  return caller.then(() => {
    if (refusal) throw refusal;
    if (request.method !== 'OPTIONS') throw new MethodNotAllowed(request.method);
    const parses = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];
    void reply.send({ renders: ['application/json'], parses });
  });
}

/** Returns the 404 for a path of OpenAI's API that does not exist here. It lists the routes that exist. */
function openAiPathNotFound(routes: RouteTable): NotFound {
  const routeNames = routes
    .all()
    .filter(({ method, path }) => isOpenAiPath(path) && !UNLISTED_METHODS.includes(method))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  return new NotFound(`Not found. Below /v1 there are: ${routeNames.sort().join(', ')}.`);
}

/** GET /api/chat/completions would be the route of a turn, but no turn has that id. */
const WRONG_BASE_URL =
  'Not found. The base URL of an OpenAI client must be the address of this service followed by /v1, for example http://127.0.0.1:8000/v1.';

const UNLISTED_METHODS = ['HEAD', 'OPTIONS'];

/** Returns the error for an Idempotency-Key that would be ignored, or for NUL, which no id or name contains. */
function findIgnoredPart(request: FastifyRequest): AppError | undefined {
  if (hasIgnoredKey(request)) return new IdempotencyKeyNotAccepted();
  const named = Object.values((request.params ?? {}) as Record<string, string>);
  return named.some((text) => text.includes('\0')) ? new NotFound() : undefined;
}

/** Methods other than POST have the same effect when they are repeated, with or without a key. */
function hasIgnoredKey({ method, headers, routeOptions }: FastifyRequest): boolean {
  if (method !== 'POST' || headers['idempotency-key'] === undefined) return false;
  return !acceptsIdempotencyKey(routeOptions.config as RouteMarks);
}
