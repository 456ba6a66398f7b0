import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { onResponseClosed } from './exchange.js';
import { prefersEvents } from './stream-preference.js';

/** Common balancers cut a connection that is silent for 60 s. */
const PING_EVERY_MS = 15_000;
/** A reader that takes nothing for so long is cut off: an answer that is over must not wait for ever. */
const READER_STALL_MS = 60_000;

/** A comment: readers skip it, and everything in between sees a connection in use. */
const PING = ': ping\n\n';

/** As much as Node itself takes before it asks its writers to wait. */
const UNWRITTEN_MAX_CHARS = 16_384;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // nginx would otherwise collect the events before it passes them on.
  'X-Accel-Buffering': 'no',
};

/** Whether the caller asks for events, rather than JSON, by its `Accept` header. */
export function wantsStream({ headers }: FastifyRequest): boolean {
  return prefersEvents(headers.accept ?? '');
}

/** Aborted when the client closes before the answer's end; a close after the last byte does not count. */
export function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const leave = () => {
    if (!reply.raw.writableEnded) controller.abort();
  };
  // Who left while credentials and body were looked at will not leave once more.
  if (reply.raw.destroyed) leave();
  else onResponseClosed(reply.raw, leave);
  return controller.signal;
}

/** An answer as server-sent events. From `open` on, Fastify leaves the response to this class. */
export class EventStream {
  private readonly ping: NodeJS.Timeout;
  /** Events of this turn of the event loop, which are written together: a write costs more than the words in it. */
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

  /** Sends the headers at once, with those that the reply has so far, and a first ping. */
  static open(reply: FastifyReply): EventStream {
    void reply.hijack().headers(HEADERS);
    reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
    reply.raw.write(PING);
    return new EventStream(reply);
  }

  /**
   * Writes one event. Returns what resolves when the client has taken enough of what was written before, where it
   * has not yet: a slow reader makes the sender wait, and memory does not grow. To a client that is gone nothing
   * is written.
   */
  send(event: string | undefined, payload: unknown): Promise<void> | undefined {
    const { raw } = this.reply;
    if (raw.destroyed || raw.writableEnded) return undefined;
    if (this.unwritten === '') {
      process.nextTick(() => {
        this.write();
      });
    }
    this.unwritten += formatEvent(event, payload);
    if (this.unwritten.length >= UNWRITTEN_MAX_CHARS) this.write();
    return raw.writableNeedDrain ? this.drained() : undefined;
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

/** One server-sent event as it goes over the wire. The payload is JSON, and so never has a line end of its own. */
function formatEvent(event: string | undefined, payload: unknown): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof payload === 'string' ? payload : JSON.stringify(payload)}\n\n`;
}
