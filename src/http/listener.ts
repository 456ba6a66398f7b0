import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Arrivals } from './arrivals.js';
import { limitPipelining, PipelinedRequest } from './pipelining.js';
import { refuseConnection } from './refuse-connection.js';

const HEADERS_MAX_BYTES = 16_384;
/**
 * Maximum number of headers, as in common servers. Each takes ten times the memory of the bytes of a short one. Node
 * silently leaves out further ones, so `assertUnambiguous` refuses the request.
 */
export const HEADERS_MAX = 100;
/** Time limit for a client to send its headers. `REQUEST_TIMEOUT_SECONDS` limits the whole request. */
const HEADERS_TIMEOUT_MS = 10_000;
const TIMEOUTS_CHECKED_EVERY_MS = 2000;
/** Longer than the 60 s after which common balancers close an idle connection, so that the balancer closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** What a listener needs besides Fastify's handler. */
interface ListenerParts {
  readonly config: Pick<Config, 'requestTimeoutSeconds'>;
  readonly logger: Logger;
  readonly arrivals: Arrivals;
}

/** Creates Node's server with its limits. Fastify needs one for each address, and `localhost` can have two. */
export function createListener(
  handle: RequestListener,
  { config, logger, arrivals }: ListenerParts,
): Server {
  const requestTimeout = config.requestTimeoutSeconds * 1000;
  const limits = {
    maxHeaderSize: HEADERS_MAX_BYTES,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
    requestTimeout,
    connectionsCheckingInterval: TIMEOUTS_CHECKED_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node would answer without a body or a request id. `assertUnambiguous` answers in our shape.
    requireHostHeader: false,
    IncomingMessage: PipelinedRequest,
  };
  const server = createServer(limits, limitPipelining(arrivals.enqueueRequests(handle)));
  server.maxHeadersCount = HEADERS_MAX + 1;
  return server
    .on('checkExpectation', (request, response) => {
      // An unknown expectation may be ignored. Node would answer it by itself, without a request id.
      server.emit('request', request, response);
    })
    .on('connection', () => {
      arrivals.noteConnection();
    })
    .on('clientError', (error: NodeJS.ErrnoException, socket) => {
      refuseConnection(logger, error, socket as Socket);
    });
}
