import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { onResponseClosed } from './exchange.js';
import { prefersEvents } from './stream-preference.js';

/** Interval of pings. Common balancers close a connection that is silent for 60 s. */
const PING_EVERY_MS = 15_000;
/** A reader that takes nothing for this time is disconnected, because a finished answer must not wait forever. */
const READER_STALL_MS = 60_000;

/** A comment in the stream. Readers skip it, and proxies see a connection in use. */
const PING = ': ping\n\n';

/** Number of characters that are collected before a write. Node buffers as much before it asks writers to wait. */
const UNWRITTEN_MAX_CHARS = 16_384;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Otherwise nginx would buffer the events.
  'X-Accel-Buffering': 'no',
};

/** Checks whether the `Accept` header asks for events rather than JSON. */
export function wantsStream({ headers }: FastifyRequest): boolean {
  return prefersEvents(headers.accept ?? '');
}

/**
 * Returns a signal that aborts if the client closes before the end of the answer. A close after the last byte does
 * not count.
 */
export function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const leave = () => {
    if (!reply.raw.writableEnded) controller.abort();
  };
  // If the client has left already, no close event will follow. A response that waits behind another one on its
  // connection is not destroyed with the connection.
  if (reply.raw.destroyed || reply.raw.req.socket.destroyed) leave();
  else onResponseClosed(reply.raw, leave);
  return controller.signal;
}

const clientLeft = new Error('the client has left');

/**
 * The same for work that only asks at some moments whether the client has left. No event tells this object, so it
 * costs neither a listener nor an `AbortController`.
 */
export class ClientPresence {
  readonly reason = clientLeft;

  constructor(private readonly reply: FastifyReply) {}

  get aborted(): boolean {
    const { raw } = this.reply;
    return (raw.destroyed || raw.req.socket.destroyed) && !raw.writableEnded;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }
}

/** An answer as server-sent events. After `open`, Fastify leaves the response to this class. */
export class EventStream {
  private readonly ping: NodeJS.Timeout;
  /** Events of this iteration of the event loop. They are written together, because a write costs more than its text. */
  private unwritten = '';

  private constructor(private readonly reply: FastifyReply) {
    this.ping = setInterval(() => {
      const { destroyed, writableNeedDrain } = reply.raw;
      if (!destroyed && !writableNeedDrain) reply.raw.write(PING);
    }, PING_EVERY_MS);
    onResponseClosed(reply.raw, () => {
      clearInterval(this.ping);
    });
  }

  /** Sends the headers that the reply has so far, and a first ping. */
  static open(reply: FastifyReply): EventStream {
    void reply.hijack().headers(HEADERS);
    reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
    const stream = new EventStream(reply);
    stream.add(PING);
    return stream;
  }

  /**
   * Writes one event. If the client has not yet taken enough of the earlier events, returns a promise that resolves
   * when it has. So a slow reader slows the sender, and memory does not grow. Writes nothing if the client has
   * left.
   */
  send(event: string | undefined, payload: unknown): Promise<void> | undefined {
    const { raw } = this.reply;
    if (raw.destroyed || raw.writableEnded) return undefined;
    this.add(formatEvent(event, payload));
    return raw.writableNeedDrain ? this.drained() : undefined;
  }

  private add(text: string): void {
    if (this.unwritten === '') {
      process.nextTick(() => {
        this.write();
      });
    }
    this.unwritten += text;
    if (this.unwritten.length >= UNWRITTEN_MAX_CHARS) this.write();
  }

  private write(): void {
    const { raw } = this.reply;
    const text = this.unwritten;
    this.unwritten = '';
    if (text !== '' && !raw.destroyed && !raw.writableEnded) raw.write(text);
  }

  private async drained(): Promise<void> {
    const { raw } = this.reply;
    const closed = new AbortController();
    const forget = onResponseClosed(raw, () => {
      closed.abort();
    });
    const stall = setTimeout(() => raw.destroy(), READER_STALL_MS);
    await once(raw, 'drain', { signal: closed.signal }).catch(() => undefined);
    clearTimeout(stall);
    forget();
  }

  end(): void {
    clearInterval(this.ping);
    this.write();
    this.reply.raw.end();
  }
}

/** Characters that some clients take for line ends, as Python's `splitlines` does. The standard for events does not. */
const OTHER_LINE_ENDS = /[\u0085\u2028\u2029]/g;

/**
 * Returns one server-sent event in its wire format. The payload is JSON, so it never contains a line end of the
 * standard. Characters that some clients take for line ends are escaped.
 */
function formatEvent(event: string | undefined, payload: unknown): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  const json = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return `${name}data: ${json.replace(OTHER_LINE_ENDS, escapeCharacter)}\n\n`;
}

const escapeCharacter = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
