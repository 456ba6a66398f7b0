import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { CONFIG, type Config } from '../config.js';
import { Unavailable } from '../errors.js';
import { sendError } from './send-error.js';

const POLL_MS = 20;

/**
 * Counts the work under way, and turns new requests away where there is too much of it, or once the process
 * has been told to stop: what waits takes memory, and its callers' patience.
 */
@Injectable()
export class Drain {
  private requests = 0;
  private underWay = 0;
  private stopping = false;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  get isStopping(): boolean {
    return this.stopping;
  }

  /** The server's first hook. Health stays answered, so that a balancer sees why. */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    const refusal = this.refusal();
    if (refusal && !request.url.startsWith('/health/')) {
      void reply.header('Connection', 'close');
      sendError(request, reply, refusal);
      return false;
    }
    this.requests += 1;
    this.underWay += 1;
    reply.raw.once('close', () => {
      this.requests -= 1;
      this.underWay -= 1;
    });
    return true;
  }

  private refusal(): Unavailable | undefined {
    if (this.stopping) return new Unavailable('The service is stopping.', 1);
    if (this.requests < this.config.requestsMax) return undefined;
    return new Unavailable('Too many requests are under way.', 1);
  }

  /** Counts the handler's work too: it goes on after a client has hung up, and still writes. */
  follow(handler: RouteHandlerMethod): RouteHandlerMethod {
    const enter = () => {
      this.underWay += 1;
    };
    const leave = () => {
      this.underWay -= 1;
    };
    return function (request, reply) {
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
