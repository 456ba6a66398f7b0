import proxyAddr from '@fastify/proxy-addr';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import Queue from 'yocto-queue';
import type { Config } from '../config/config.js';
import { networkOf } from './network.js';

/** Requests are started for this long in one turn of the event loop. The last one may take longer. */
const SHARE_MS = 25;
/** The same while connections come in, because libuv accepts only one connection in each turn. */
const SHARE_MS_BESIDE_CONNECTIONS = 1;

/** A connection without a started request for this long does not wait for connections that send without a pause. */
const RESTED_MS = 1000;

/** When a request of this connection was last started. */
const begunAt = Symbol('begun at');
type Connection = Socket & { [begunAt]?: number };

interface Arrival {
  readonly request: IncomingMessage;
  readonly begin: () => void;
  readonly at: number;
}

/** The waiting requests of one network, in order. Those on rested connections have their own line. */
interface Line {
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
  shareMs = SHARE_MS;
  /** Number of requests that wait. */
  waiting = 0;
  private readonly lines = new Map<string, Line>();
  /** All lines with waiting requests, the next one first. */
  private readonly turns = new Queue<Line>();
  private readonly trusts: (address: string, hop: number) => boolean;
  /** When this turn of the event loop started its first request; undefined before that. */
  private beganAt: number | undefined;
  private isConnecting = false;
  private connected = false;

  constructor({ trustedProxies }: Pick<Config, 'trustedProxies'>) {
    this.trusts = trustedProxies.length > 0 ? proxyAddr.compile([...trustedProxies]) : () => false;
  }

  /** Tells that a connection was accepted. More may be waiting for it. */
  connectionCame(): void {
    this.connected = true;
  }

  /** Whether a request is waiting that arrived at this moment of `performance.now()` or before. */
  isAwaitedSince(moment: number): boolean {
    for (const { waiting } of this.lines.values()) {
      const first = waiting.peek();
      if (first && first.at <= moment) return true;
    }
    return false;
  }

  /** Wraps a handler so that each request waits for its turn. A request whose connection closes meanwhile is dropped. */
  inTurn(handle: RequestListener): RequestListener {
    return (request, response) => {
      const at = performance.now();
      const begin = () => {
        (request.socket as Connection)[begunAt] = performance.now();
        handle(request, response);
      };
      if (this.turns.size === 0 && this.hasTime(at)) begin();
      else this.enqueue({ request, begin, at });
    };
  }

  private hasTime(now: number): boolean {
    if (this.beganAt === undefined) {
      this.beganAt = now;
      setImmediate(this.nextTurn);
    }
    const share = this.isConnecting ? SHARE_MS_BESIDE_CONNECTIONS : this.shareMs;
    return now - this.beganAt < share;
  }

  private readonly nextTurn = (): void => {
    this.beganAt = undefined;
    this.isConnecting = this.connected;
    this.connected = false;
    this.advance();
  };

  /** Starts waiting requests one by one. The time that one took is only known after its promise callbacks have run. */
  private readonly advance = (): void => {
    if (this.turns.size === 0 || !this.hasTime(performance.now())) return;
    this.dequeue()?.begin();
    queueMicrotask(() => {
      process.nextTick(this.advance);
    });
  };

  private enqueue(arrival: Arrival): void {
    const key = this.keyOf(arrival);
    let line = this.lines.get(key);
    if (!line) {
      line = { key, waiting: new Queue() };
      this.lines.set(key, line);
      this.turns.enqueue(line);
    }
    line.waiting.enqueue(arrival);
    this.waiting += 1;
  }

  private keyOf({ request, at }: Arrival): string {
    const network = networkOf(proxyAddr(request, this.trusts));
    const { [begunAt]: lastAt = -Infinity } = request.socket as Connection;
    return at - lastAt >= RESTED_MS ? `${network} rested` : network;
  }

  private dequeue(): Arrival | undefined {
    const line = this.turns.dequeue();
    if (!line) return undefined;
    let next: Arrival | undefined;
    do {
      next = line.waiting.dequeue();
      if (next) this.waiting -= 1;
    } while (next?.request.socket.destroyed);
    if (line.waiting.size > 0) this.turns.enqueue(line);
    else this.lines.delete(line.key);
    return next;
  }
}
