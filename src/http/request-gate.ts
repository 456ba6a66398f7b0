import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { ServiceStopping, Throttled, TooManyUnderWay } from '../errors.js';
import { Arrivals } from './arrivals.js';
import { onResponseClosed } from './exchange.js';
import { sendError } from './send-error.js';

const POLL_MS = 20;
/** `Retry-After` for a caller with too many open requests. */
const RETRY_AFTER_SECONDS = 1;

/** The place that a request takes until both its exchange and its handler have ended. */
interface Seat {
  /** How many of the two have not ended. */
  open: number;
  /** Whether the handler was called. Before that, the request is only being received. */
  isAtWork: boolean;
  /** The user, or the network of an unknown caller, that the request counts for. */
  caller: string | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined until the gate admits the request. */
    seat: Seat | undefined;
  }
}

/**
 * Counts the open requests. Refuses new ones if there are too many or if the process is stopping, because waiting
 * requests use memory and their callers lose patience. An answer that the client does not read counts as well.
 */
@Injectable()
export class RequestGate {
  private readonly callers = new Map<string, number>();
  private underWay = 0;
  private atWork = 0;
  private stopping = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly arrivals: Arrivals,
  ) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Number of running handlers. The maximum is `REQUESTS_MAX`. */
  get depth(): number {
    return this.atWork;
  }

  /**
   * Admits a request, as the server's first hook. The health routes are always answered, so that a balancer sees
   * the reason.
   */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    if (this.stopping && !isHealth(request)) {
      void reply.header('Connection', 'close');
      void sendError(request, reply, new ServiceStopping());
      return false;
    }
    const seat: Seat = { open: 1, isAtWork: false, caller: undefined };
    request.seat = seat;
    this.underWay += 1;
    onResponseClosed(reply.raw, () => {
      this.leave(seat);
    });
    return true;
  }

  /**
   * Counts a request for its caller: a user's id or a network. Throws `Throttled` above `REQUESTS_PER_CALLER_MAX`.
   */
  claim(request: FastifyRequest, caller: string): true {
    const { seat } = request;
    if (!seat || seat.open === 0 || isHealth(request)) return true;
    const count = this.callers.get(caller) ?? 0;
    if (count >= this.config.requestsPerCallerMax) throw new Throttled(RETRY_AFTER_SECONDS);
    this.callers.set(caller, count + 1);
    seat.caller = caller;
    return true;
  }

  /**
   * Wraps a handler so that its work is counted. A handler continues, and still writes, after its client has left.
   * Requests that are still being received do not count for `REQUESTS_MAX`, so slow clients do not block others.
   */
  follow(handler: RouteHandlerMethod): RouteHandlerMethod {
    const enter = this.enter.bind(this);
    return function (request, reply) {
      const leave = enter(request, reply);
      if (!leave) return reply;
      const work: unknown = handler.call(this, request, reply);
      if (work instanceof Promise) work.then(leave, leave);
      else leave();
      return work;
    };
  }

  /** Returns the function that ends the handler's part. Returns undefined if the request was refused. */
  private enter(request: FastifyRequest, reply: FastifyReply): (() => void) | undefined {
    if (this.atWork >= this.config.requestsMax && !isHealth(request)) {
      void sendError(request, reply, new TooManyUnderWay());
      return undefined;
    }
    const seat = request.seat ?? { open: 0, isAtWork: false, caller: undefined };
    if (seat.open === 0) this.underWay += 1;
    seat.open += 1;
    seat.isAtWork = true;
    this.atWork += 1;
    return () => {
      this.leave(seat);
    };
  }

  private leave(seat: Seat): void {
    seat.open -= 1;
    if (seat.open > 0) return;
    this.underWay -= 1;
    if (seat.isAtWork) this.atWork -= 1;
    if (seat.caller === undefined) return;
    const count = (this.callers.get(seat.caller) ?? 1) - 1;
    if (count === 0) this.callers.delete(seat.caller);
    else this.callers.set(seat.caller, count);
  }

  /**
   * Refuses new requests with 503 from now on. Requests that have already arrived are started first. Resolves to
   * true when all open requests have ended, or to false after the timeout.
   */
  async begin(timeoutMs: number): Promise<boolean> {
    const now = performance.now();
    await this.whileTrue(() => this.arrivals.isAwaitedSince(now), now + timeoutMs);
    this.stopping = true;
    await this.whileTrue(() => this.underWay > 0, now + timeoutMs);
    return this.underWay === 0;
  }

  private async whileTrue(isSo: () => boolean, deadline: number): Promise<void> {
    while (isSo() && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const isHealth = ({ url }: FastifyRequest) => url.startsWith('/health/');
