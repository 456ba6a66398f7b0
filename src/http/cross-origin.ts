import type { FastifyReply, FastifyRequest } from 'fastify';

/** Maximum number of headers that a preflight may request. OpenAI's SDK alone sends a dozen headers of its own. */
const REQUESTED_HEADERS_MAX = 50;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,64}$/;
/** How long a browser may keep the answer to a preflight. Browsers keep it for at most two hours. */
const PREFLIGHT_KEPT_SECONDS = 7200;
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/** Response headers that a page of another origin may read, in addition to those that every page may read. */
export const EXPOSED_HEADERS = [
  'Allow',
  'Content-Disposition',
  'Conversation-Id',
  'Idempotent-Replayed',
  'Model',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Tokens-Available',
  'Tokens-Balance',
  'Tokens-Charged',
  'Tokens-Limit',
  'Tokens-Required',
  'Turn-Id',
  'WWW-Authenticate',
  'X-RateLimit-Limit-Requests',
  'X-RateLimit-Remaining-Requests',
  'X-RateLimit-Reset-Requests',
  'X-Request-Id',
  'X-Should-Retry',
  'X-Vercel-AI-UI-Message-Stream',
];

/** Adds a header name to `Vary`, so that caches store one response for each value of that header. */
export function addVary(reply: FastifyReply, name: string): void {
  const names = reply.getHeader('vary');
  void reply.header('vary', names === undefined ? name : `${String(names)}, ${name}`);
}

/**
 * Sets the headers that allow the page of the request to read the response (`CORS_ORIGINS`). Pages set credentials
 * in a header and never use cookies, so `Access-Control-Allow-Credentials` is not sent. `@fastify/cors` is not
 * used: it adds a route `OPTIONS *`, which would turn 404 into 204, and it does not limit the headers that it
 * reflects.
 */
export function allowOrigin(
  { headers: { origin } }: FastifyRequest,
  reply: FastifyReply,
  origins: readonly string[],
): void {
  if (origins.length === 0) return;
  const isAny = origins.includes('*');
  if (!isAny) addVary(reply, 'Origin');
  if (origin === undefined || !(isAny || origins.includes(origin))) return;
  void reply.headers({
    'Access-Control-Allow-Origin': isAny ? '*' : origin,
    'Access-Control-Expose-Headers': EXPOSED_HEADERS.join(', '),
  });
}

/** Prepares the response to a browser's preflight from an allowed origin. Returns false for every other request. */
export function answerPreflight({ method, headers }: FastifyRequest, reply: FastifyReply): boolean {
  const asks = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
  if (!asks || !reply.hasHeader('Access-Control-Allow-Origin')) return false;
  const requested = (headers['access-control-request-headers'] ?? '').split(',');
  const allowed = requested.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name));
  addVary(reply, 'Access-Control-Request-Headers');
  void reply.headers({
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Max-Age': String(PREFLIGHT_KEPT_SECONDS),
    ...(allowed.length > 0 && {
      'Access-Control-Allow-Headers': allowed.slice(0, REQUESTED_HEADERS_MAX).join(', '),
    }),
  });
  void reply.code(204).send();
  return true;
}
