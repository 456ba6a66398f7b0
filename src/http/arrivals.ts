import proxyAddr from '@fastify/proxy-addr';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import Queue from 'yocto-queue';
import type { Config } from '../config/config.js';
import { networkOf, trustOf } from './network.js';

/** Requests are started for this long in one turn of the event loop. The last one may take longer. */
const TURN_MS = 25;
/** The same while connections come in, because libuv accepts only one connection in each turn. */
const TURN_MS_WHILE_CONNECTING = 1;

/** A connection without a started request for this long does not wait for connections that send without a pause. */
const IDLE_MS = 1000;

/** When a request of this connection was last started. */
const lastStartedAt = Symbol('last started at');
type Connection = Socket & { [lastStartedAt]?: number };

/** When a request arrived. */
const arrivalTime = Symbol('arrival time');
type ArrivedRequest = IncomingMessage & { [arrivalTime]?: number };

/** Checks whether a request arrived after this moment of `performance.now()`. */
export const hasArrivedAfter = (request: IncomingMessage, moment: number): boolean =>
  ((request as ArrivedRequest)[arrivalTime] ?? Infinity) > moment;

interface Arrival {
  readonly request: IncomingMessage;
  readonly begin: () => void;
  readonly arrivedAt: number;
}

/** The waiting requests of one network, in order. Those on idle connections have their own line. */
interface NetworkQueue {
  readonly key: string;
  readonly waiting: Queue<Arrival>;
}

/**
 * Starts requests as they arrive, for a few milliseconds in each turn of the event loop. Between the turns new
 * connections are accepted, open requests continue, and timers run. Waiting requests are started one network after
 * the other, so that many busy clients of one network only wait for each other. `pipelining.ts` bounds how many can
 * wait: a few for each connection. Their heads and the first kilobytes of their bodies are in memory.
 */
export class Arrivals {
  turnMs = TURN_MS;
  /** Number of requests that wait. */
  waiting = 0;
  private readonly queues = new Map<string, NetworkQueue>();
  /** All lines with waiting requests, the next one first. */
  private readonly turns = new Queue<NetworkQueue>();
  private readonly isTrustedProxy: (address: string, hop: number) => boolean;
  /** When this turn of the event loop started its first request; undefined before that. */
  private turnStartedAt: number | undefined;
  private isConnecting = false;
  private connected = false;

  constructor({ trustedProxies }: Pick<Config, 'trustedProxies'>) {
    this.isTrustedProxy = trustOf(trustedProxies);
  }

  /** Tells that a connection was accepted. More may be waiting for it. */
  noteConnection(): void {
    this.connected = true;
  }

  /** Whether a request is waiting that arrived at this moment of `performance.now()` or before. */
  hasWaitedSince(moment: number): boolean {
    for (const { waiting } of this.queues.values()) {
      const first = waiting.peek();
      if (first && first.arrivedAt <= moment) return true;
    }
    return false;
  }

  /** Wraps a handler so that each request waits for its turn. A request whose connection closes meanwhile is dropped. */
  enqueueRequests(handle: RequestListener): RequestListener {
    return (request, response) => {
      const arrivedAt = performance.now();
      (request as ArrivedRequest)[arrivalTime] = arrivedAt;
      const begin = () => {
        (request.socket as Connection)[lastStartedAt] = performance.now();
        handle(request, response);
      };
      if (this.turns.size === 0 && this.hasTimeLeft(arrivedAt)) begin();
      else this.enqueue({ request, begin, arrivedAt });
    };
  }

  private hasTimeLeft(now: number): boolean {
    if (this.turnStartedAt === undefined) {
      this.turnStartedAt = now;
      setImmediate(this.nextTurn);
    }
    const turnLimitMs = this.isConnecting ? TURN_MS_WHILE_CONNECTING : this.turnMs;
    return now - this.turnStartedAt < turnLimitMs;
  }

  private readonly nextTurn = (): void => {
    this.turnStartedAt = undefined;
    this.isConnecting = this.connected;
    this.connected = false;
    this.advance();
  };

  /** Starts waiting requests one by one. The time that one took is only known after its promise callbacks have run. */
  private readonly advance = (): void => {
    if (this.turns.size === 0 || !this.hasTimeLeft(performance.now())) return;
    this.dequeue()?.begin();
    queueMicrotask(() => {
      process.nextTick(this.advance);
    });
  };

  private enqueue(arrival: Arrival): void {
    const key = this.keyOf(arrival);
    let queue = this.queues.get(key);
    if (!queue) {
      queue = { key, waiting: new Queue() };
      this.queues.set(key, queue);
      this.turns.enqueue(queue);
    }
    queue.waiting.enqueue(arrival);
    this.waiting += 1;
  }

  private keyOf({ request, arrivedAt }: Arrival): string {
    const network = networkOf(proxyAddr(request, this.isTrustedProxy));
    const { [lastStartedAt]: lastAt = -Infinity } = request.socket as Connection;
    return arrivedAt - lastAt >= IDLE_MS ? `${network} idle` : network;
  }

  private dequeue(): Arrival | undefined {
    const queue = this.turns.dequeue();
    if (!queue) return undefined;
    let next: Arrival | undefined;
    do {
      next = queue.waiting.dequeue();
      if (next) this.waiting -= 1;
    } while (next?.request.socket.destroyed);
    if (queue.waiting.size > 0) this.turns.enqueue(queue);
    else this.queues.delete(queue.key);
    return next;
  }
}
