import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Unavailable } from '../errors.js';
import { sendError } from './send-error.js';

const POLL_MS = 20;

/** Counts the requests under way, and turns new ones away once the process has been told to stop. */
@Injectable()
export class Drain {
  private underWay = 0;
  private stopping = false;

  get isStopping(): boolean {
    return this.stopping;
  }

  /** The server's first hook. Health stays answered, so that a balancer sees why. */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    if (this.stopping && !request.url.startsWith('/health/')) {
      void reply.header('Connection', 'close');
      sendError(request, reply, new Unavailable('The service is stopping.', 1));
      return false;
    }
    this.underWay += 1;
    reply.raw.once('close', () => {
      this.underWay -= 1;
    });
    return true;
  }

  /** From now on new requests get 503. Resolves when the last one under way is answered, or time is up. */
  async begin(timeoutSeconds: number): Promise<boolean> {
    this.stopping = true;
    const deadline = Date.now() + timeoutSeconds * 1000;
    while (this.underWay > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return this.underWay === 0;
  }
}
