import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { negotiate } from '../drf/negotiation.js';
import { toJson } from '../drf/json.js';
import {
  BadRequest,
  HeadersTooLarge,
  IdempotencyKeyNotAccepted,
  MethodNotAllowed,
  NotFound,
  type AppError,
} from '../errors.js';
import type { Principal } from '../principal.js';
import { addVary } from './cross-origin.js';
import { HEADERS_MAX } from './listener.js';
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
 * Counts how often a header was sent. `rawHeaders` alternates names and values. Every request is checked, so it is
 * fast.
 */
function countHeader(header: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === header.length && name.toLowerCase() === header) count += 1;
  }
  return count;
}

/**
 * Refuses an ambiguous request: one with two Authorization or Host headers, without a Host, or with more headers than
 * Node passes on.
 */
function refuseAmbiguous({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > 2 * HEADERS_MAX) throw new HeadersTooLarge();
  if (countHeader('authorization', rawHeaders) > 1)
    throw new BadRequest('Two Authorization headers.');
  if (countHeader('host', rawHeaders) > 1) throw new BadRequest('Two Host headers.');
  if (headers.host === undefined && httpVersion === '1.1') throw new BadRequest('No Host header.');
}

/**
 * Checks whether a proxy may see the end of a request elsewhere: it has a Transfer-Encoding other than chunks, or chunks
 * in HTTP/1.0, or is of HTTP/0.9. Node's parser reads any list that ends with `chunked` as chunks, and ignores an empty
 * one. Its connection must be closed, because what follows may be part of its body.
 */
export function hasUnclearEnd({ headers, httpVersion }: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding } = headers;
  const isClear =
    encoding === undefined || (encoding.toLowerCase() === 'chunked' && httpVersion === '1.1');
  return !isClear || httpVersion === '0.9';
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
  if (hasUnclearEnd(request.raw)) throw new BadRequest('Malformed request.');
  refuseAmbiguous(request.raw);
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
