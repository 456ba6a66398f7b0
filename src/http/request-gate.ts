import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { ServiceStopping, Throttled, TooManyUnderWay } from '../errors.js';
import { onResponseClosed } from './exchange.js';
import { sendError } from './send-error.js';

const POLL_MS = 20;
/** When a caller with too many requests under way may come back. */
const RETRY_AFTER_SECONDS = 1;

/** What a request takes up until its exchange and its handler are over, whichever ends last. */
interface Seat {
  /** How many of the two are not over. */
  open: number;
  /** Whether its handler was called: until then it is only being sent. */
  isAtWork: boolean;
  /** The person, or the network of someone unknown, that it counts for. */
  caller: string | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent until the gate has let it in. */
    seat: Seat | undefined;
  }
}

/**
 * Counts the work under way, and turns new requests away where there is too much of it, or once the process
 * has been told to stop: what waits takes memory, and its callers' patience. An answer that nobody reads waits
 * as well.
 */
@Injectable()
export class RequestGate {
  private readonly callers = new Map<string, number>();
  private underWay = 0;
  private atWork = 0;
  private stopping = false;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Requests whose handlers are at work, of `REQUESTS_MAX` at most. */
  get depth(): number {
    return this.atWork;
  }

  /** The server's first hook. Health stays answered, so that a balancer sees why. */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    if (this.stopping && !isHealth(request)) {
      void reply.header('Connection', 'close');
      sendError(request, reply, new ServiceStopping());
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

  /** Counts a request for its caller, a person's id or a network. Throws `Throttled` past `REQUESTS_PER_CALLER_MAX`. */
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
   * Counts the handler's work too: it goes on after a client has hung up, and still writes. Of requests that
   * are still being sent there may be more than `REQUESTS_MAX`: slow clients do not shut out the others.
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

  /** Gives what ends the handler's part; undefined where it was refused. */
  private enter(request: FastifyRequest, reply: FastifyReply): (() => void) | undefined {
    if (this.atWork >= this.config.requestsMax && !isHealth(request)) {
      sendError(request, reply, new TooManyUnderWay());
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

  /** From now on new requests get 503. True when all under way has ended, false when time is up. */
  async begin(timeoutMs: number): Promise<boolean> {
    this.stopping = true;
    const deadline = performance.now() + timeoutMs;
    while (this.underWay > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return this.underWay === 0;
  }
}

const isHealth = ({ url }: FastifyRequest) => url.startsWith('/health/');
