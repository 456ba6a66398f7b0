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

/**
 * While requests with credentials or connections come in, a start without credentials is followed by a rest of this
 * many times its duration. Such a request costs about twice as much later, so all of them take a fifth of the time.
 */
const REST_FACTOR = 15;
/** A start that took long because the whole process stood still must not keep all anonymous requests waiting. */
const REST_MAX_MS = 100;
/** Requests with credentials come in if one was started in this time. */
const ACTIVE_MS = 100;

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
  /** Whether its route heeds its `Authorization` header. The health routes count as if they had one. */
  readonly hasCredentials: boolean;
}

/** The waiting requests of one network, in order. Those on idle connections have their own line. */
interface NetworkQueue {
  readonly key: string;
  readonly hasCredentials: boolean;
  readonly waiting: Queue<Arrival>;
}

/**
 * Starts requests as they arrive, for a few milliseconds in each turn of the event loop. Between the turns new
 * connections are accepted, open requests continue, and timers run. Waiting requests are started one network after
 * the other, so that many busy clients of one network only wait for each other. Requests without credentials only
 * take a share of the time while others come in, so that users do not wait for a login from each of a thousand
 * networks. `pipelining.ts` bounds how many can wait: a few for each connection. Their heads and the first kilobytes
 * of their bodies are in memory.
 */
export class Arrivals {
  turnMs = TURN_MS;
  /** Number of requests that wait. */
  waiting = 0;
  private readonly queues = new Map<string, NetworkQueue>();
  /** All lines with waiting requests, the next one first: those with credentials, and those without. */
  private readonly turns = {
    withCredentials: new Queue<NetworkQueue>(),
    anonymous: new Queue<NetworkQueue>(),
  };
  private credentialsUsedAt = -Infinity;
  /** When a request without credentials was started whose duration is not known yet. */
  private anonymousStartedAt: number | undefined;
  private anonymousRestsUntil = -Infinity;
  private restTimer: NodeJS.Timeout | undefined;
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
      const arrival = { request, begin, arrivedAt, hasCredentials: hasCredentials(request) };
      // First, because it also arranges the next turn.
      const hasTimeLeft = this.hasTimeLeft(arrivedAt);
      if (hasTimeLeft && this.isNext(arrival)) this.start(arrival);
      else this.enqueue(arrival);
    };
  }

  private isNext({ hasCredentials, arrivedAt }: Arrival): boolean {
    if (hasCredentials) return this.turns.withCredentials.size === 0;
    return this.waiting === 0 && this.anonymousRest(arrivedAt) === 0;
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

  /** Starts waiting requests one by one. */
  private readonly advance = (): void => {
    const now = performance.now();
    if (this.anonymousStartedAt !== undefined) {
      const restMs = REST_FACTOR * (now - this.anonymousStartedAt);
      this.anonymousRestsUntil = now + Math.min(restMs, REST_MAX_MS);
      this.anonymousStartedAt = undefined;
    }
    if (this.waiting === 0) return;
    const restMs = this.anonymousRest(now);
    const { withCredentials, anonymous } = this.turns;
    if (withCredentials.size === 0 && restMs > 0) {
      // Without another turn of the event loop, so that the process sleeps during the rest.
      this.restTimer ??= setTimeout(this.endRest, restMs);
      return;
    }
    if (!this.hasTimeLeft(now)) return;
    // An anonymous request is next after the rest, so that users who never pause do not shut such requests out.
    const queue = (restMs > 0 ? undefined : anonymous.dequeue()) ?? withCredentials.dequeue();
    if (queue) this.start(this.dequeue(queue));
  };

  private readonly endRest = (): void => {
    this.restTimer = undefined;
    this.advance();
  };

  /** Milliseconds for which no request without credentials is started; 0 if one may be. */
  private anonymousRest(now: number): number {
    const isActive =
      this.turns.withCredentials.size > 0 || now - this.credentialsUsedAt < ACTIVE_MS;
    // Users may be among those whose connections wait to be accepted.
    if (!isActive && !this.isConnecting) return 0;
    return Math.max(0, this.anonymousRestsUntil - now);
  }

  /** The time that a request took is only known after its promise callbacks have run. */
  private start(arrival: Arrival | undefined): void {
    if (arrival) {
      const now = performance.now();
      if (arrival.hasCredentials) this.credentialsUsedAt = now;
      else this.anonymousStartedAt ??= now;
      arrival.begin();
    }
    queueMicrotask(() => {
      process.nextTick(this.advance);
    });
  }

  private enqueue(arrival: Arrival): void {
    const key = this.keyOf(arrival);
    let queue = this.queues.get(key);
    if (!queue) {
      queue = { key, hasCredentials: arrival.hasCredentials, waiting: new Queue() };
      this.queues.set(key, queue);
      this.turnsOf(queue).enqueue(queue);
    }
    queue.waiting.enqueue(arrival);
    this.waiting += 1;
  }

  private keyOf({ request, arrivedAt, hasCredentials }: Arrival): string {
    const network = networkOf(proxyAddr(request, this.isTrustedProxy));
    const { [lastStartedAt]: lastAt = -Infinity } = request.socket as Connection;
    const key = hasCredentials ? `${network} with credentials` : network;
    return arrivedAt - lastAt >= IDLE_MS ? `${key} idle` : key;
  }

  private turnsOf({ hasCredentials }: NetworkQueue): Queue<NetworkQueue> {
    return hasCredentials ? this.turns.withCredentials : this.turns.anonymous;
  }

  private dequeue(queue: NetworkQueue): Arrival | undefined {
    let next: Arrival | undefined;
    do {
      next = queue.waiting.dequeue();
      if (next) this.waiting -= 1;
    } while (next?.request.socket.destroyed);
    if (queue.waiting.size > 0) this.turnsOf(queue).enqueue(queue);
    else this.queues.delete(queue.key);
    return next;
  }
}

/** Public routes that read a body. They ignore credentials, so a header makes no difference there. */
const PUBLIC_BODY_ROUTE = /^\/api\/(?:register|login|token|password\/reset)(?:[/?]|$)/;
/**
 * A whole URL may name one of these routes, and an escape may spell it. Paths with names of models or users may need an
 * escape, and lead to none of these routes.
 */
const OTHER_SPELLING = /^(?!\/)|^\/(?!v1\/|api\/admin\/)[^?%]*%/;

const hasCredentials = ({ headers, url = '' }: IncomingMessage): boolean =>
  (headers.authorization !== undefined &&
    !PUBLIC_BODY_ROUTE.test(url) &&
    !OTHER_SPELLING.test(url)) ||
  url.startsWith('/health/');
