import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { ServiceStopping, Throttled, TooManyOpenRequests } from '../errors.js';
import { Arrivals, hasArrivedAfter } from './arrivals.js';
import { onResponseClosed } from './exchange.js';
import { sendError } from './send-error.js';

const POLL_MS = 20;
/** `Retry-After` for a caller with too many open requests. */
const RETRY_AFTER_SECONDS = 1;

/** A request that counts as open until both its exchange and its handler have ended. */
interface OpenRequest {
  /** How many of the two have not ended. */
  unfinishedParts: number;
  /** Whether the handler was called. Before that, the request is only being received. */
  isHandlerStarted: boolean;
  /** The user, or the network of an unknown caller, that the request counts for. */
  caller: string | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined until the gate admits the request. */
    openRequest: OpenRequest | undefined;
  }
}

/**
 * Counts the open requests. Refuses new ones if there are too many or if the process is stopping, because waiting
 * requests use memory and their callers lose patience. An answer that the client does not read counts as well.
 */
@Injectable()
export class RequestGate {
  private readonly callers = new Map<string, number>();
  private openRequests = 0;
  private runningHandlers = 0;
  /** When the process began to stop, as a moment of `performance.now()`. */
  private stoppingSince: number | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly arrivals: Arrivals,
  ) {}

  get isStopping(): boolean {
    return this.stoppingSince !== undefined;
  }

  /** Number of running handlers. The maximum is `REQUESTS_MAX`. */
  get depth(): number {
    return this.runningHandlers;
  }

  /**
   * Admits a request, as the server's first hook. The health routes are always answered, so that a balancer sees
   * the reason.
   */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    if (this.isRefusedByStop(request)) {
      void reply.header('Connection', 'close');
      void sendError(request, reply, new ServiceStopping());
      return false;
    }
    const openRequest = newOpenRequest();
    request.openRequest = openRequest;
    this.beginPart(openRequest);
    onResponseClosed(reply.raw, () => {
      this.endPart(openRequest);
    });
    return true;
  }

  /**
   * Counts a request for its caller: a user's id or a network. Throws `Throttled` above `REQUESTS_PER_CALLER_MAX`.
   */
  countForCaller(request: FastifyRequest, caller: string): true {
    const { openRequest } = request;
    if (!openRequest || openRequest.unfinishedParts === 0 || isHealthRoute(request)) return true;
    const count = this.callers.get(caller) ?? 0;
    if (count >= this.config.requestsPerCallerMax) throw new Throttled(RETRY_AFTER_SECONDS);
    this.callers.set(caller, count + 1);
    openRequest.caller = caller;
    return true;
  }

  /**
   * Wraps a handler so that its work is counted. A handler continues, and still writes, after its client has left.
   * Requests that are still being received do not count for `REQUESTS_MAX`, so slow clients do not block others.
   */
  trackHandler(handler: RouteHandlerMethod): RouteHandlerMethod {
    const startHandler = this.startHandler.bind(this);
    return function (request, reply) {
      const endPart = startHandler(request, reply);
      if (!endPart) return reply;
      const work: unknown = handler.call(this, request, reply);
      if (work instanceof Promise) work.then(endPart, endPart);
      else endPart();
      return work;
    };
  }

  /** Returns the function that ends the handler's part. Returns undefined if the request was refused. */
  private startHandler(request: FastifyRequest, reply: FastifyReply): (() => void) | undefined {
    if (this.runningHandlers >= this.config.requestsMax && !isHealthRoute(request)) {
      void sendError(request, reply, new TooManyOpenRequests());
      return undefined;
    }
    const openRequest = request.openRequest ?? newOpenRequest();
    this.beginPart(openRequest);
    openRequest.isHandlerStarted = true;
    this.runningHandlers += 1;
    return () => {
      this.endPart(openRequest);
    };
  }

  private beginPart(openRequest: OpenRequest): void {
    if (openRequest.unfinishedParts === 0) this.openRequests += 1;
    openRequest.unfinishedParts += 1;
  }

  private endPart(openRequest: OpenRequest): void {
    openRequest.unfinishedParts -= 1;
    if (openRequest.unfinishedParts > 0) return;
    this.openRequests -= 1;
    if (openRequest.isHandlerStarted) this.runningHandlers -= 1;
    const { caller } = openRequest;
    if (caller === undefined) return;
    // Counted no longer, also if the handler only starts and ends now, after its client has left.
    openRequest.caller = undefined;
    const count = (this.callers.get(caller) ?? 1) - 1;
    if (count === 0) this.callers.delete(caller);
    else this.callers.set(caller, count);
  }

  /**
   * Refuses new requests with 503 from now on. Requests that have already arrived are started first. Resolves to
   * true when all open requests have ended, or to false after the timeout.
   */
  async drain(timeoutMs: number): Promise<boolean> {
    const now = performance.now();
    this.stoppingSince = now;
    await this.whileTrue(() => this.arrivals.hasWaitedSince(now), now + timeoutMs);
    await this.whileTrue(() => this.openRequests > 0, now + timeoutMs);
    return this.openRequests === 0;
  }

  /** Whether a request is refused because it arrived after the process began to stop. */
  isRefusedByStop(request: Pick<FastifyRequest, 'url' | 'raw'>): boolean {
    if (this.stoppingSince === undefined || isHealthRoute(request)) return false;
    return hasArrivedAfter(request.raw, this.stoppingSince);
  }

  private async whileTrue(condition: () => boolean, deadline: number): Promise<void> {
    while (condition() && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const newOpenRequest = (): OpenRequest => ({
  unfinishedParts: 0,
  isHandlerStarted: false,
  caller: undefined,
});

const isHealthRoute = ({ url }: Pick<FastifyRequest, 'url'>) => url.startsWith('/health/');
