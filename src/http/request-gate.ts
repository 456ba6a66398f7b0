import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { ServiceStopping, TooManyUnderWay } from '../errors.js';
import { onResponseClosed } from './exchange.js';
import { sendError } from './send-error.js';

const POLL_MS = 20;

/**
 * Counts the work under way, and turns new requests away where there is too much of it, or once the process
 * has been told to stop: what waits takes memory, and its callers' patience.
 */
@Injectable()
export class RequestGate {
  /** Exchanges that are not over, and handlers at work, which may outlive theirs. */
  private underWay = 0;
  private handlers = 0;
  private stopping = false;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Requests whose handlers are at work, of `REQUESTS_MAX` at most. */
  get depth(): number {
    return this.handlers;
  }

  /** The server's first hook. Health stays answered, so that a balancer sees why. */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    if (this.stopping && !isHealth(request)) {
      void reply.header('Connection', 'close');
      sendError(request, reply, new ServiceStopping());
      return false;
    }
    this.underWay += 1;
    onResponseClosed(reply.raw, () => {
      this.underWay -= 1;
    });
    return true;
  }

  /**
   * Counts the handler's work too: it goes on after a client has hung up, and still writes. Of requests that
   * are still being sent there may be more than `REQUESTS_MAX`: slow clients do not shut out the others.
   */
  follow(handler: RouteHandlerMethod): RouteHandlerMethod {
    const admits = (request: FastifyRequest, reply: FastifyReply): boolean => {
      if (this.handlers >= this.config.requestsMax && !isHealth(request)) {
        sendError(request, reply, new TooManyUnderWay());
        return false;
      }
      return true;
    };
    const enter = () => {
      this.handlers += 1;
      this.underWay += 1;
    };
    const leave = () => {
      this.handlers -= 1;
      this.underWay -= 1;
    };
    return function (request, reply) {
      if (!admits(request, reply)) return reply;
      const work: unknown = handler.call(this, request, reply);
      if (work instanceof Promise) {
        enter();
        work.then(leave, leave);
      }
      return work;
    };
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
