import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Estimated memory of a waiting request without its texts, and of one text of its head without its characters. */
const REQUEST_BYTES = 4096;
const TEXT_BYTES = 32;
/** Maximum memory of the waiting requests of all connections together. It is enough for 15,000 common ones. */
const WAITING_MAX_BYTES = 67_108_864;

type Head = Pick<IncomingMessage, 'rawHeaders' | 'url'>;

function bytesOf({ rawHeaders, url = '' }: Head): number {
  let bytes = REQUEST_BYTES + url.length;
  for (const text of rawHeaders) bytes += TEXT_BYTES + text.length;
  return bytes;
}

/** The requests of one connection that wait. */
interface Waiting {
  bytes: number;
  count: number;
}

/**
 * Counts the memory of requests that wait behind others on their connections. A request of thirty bytes takes some
 * kilobytes, so a client without credentials could fill the memory. Above the maximum, the connection whose requests
 * take the most is closed. Clients that send a few requests ahead keep their connections.
 */
export class WaitingHeads {
  /** Number of waiting requests. */
  count = 0;
  private readonly byConnection = new Map<Socket, Waiting>();
  private bytes = 0;

  /** Counts a request. May close connections, this one too. */
  add(socket: Socket, head: Head): void {
    let waiting = this.byConnection.get(socket);
    if (!waiting) this.byConnection.set(socket, (waiting = { bytes: 0, count: 0 }));
    this.change(waiting, bytesOf(head), 1);
    while (this.bytes > WAITING_MAX_BYTES) this.closeLargest();
  }

  /** Counts a request no longer, because it is handled now. */
  remove(socket: Socket, head: Head): void {
    const waiting = this.byConnection.get(socket);
    if (!waiting) return;
    this.change(waiting, -bytesOf(head), -1);
    if (waiting.count === 0) this.byConnection.delete(socket);
  }

  /** Counts no request of this connection any longer. */
  removeAll(socket: Socket): void {
    const waiting = this.byConnection.get(socket);
    if (!waiting) return;
    this.change(waiting, -waiting.bytes, -waiting.count);
    this.byConnection.delete(socket);
  }

  private change(waiting: Waiting, bytes: number, count: number): void {
    waiting.bytes += bytes;
    waiting.count += count;
    this.bytes += bytes;
    this.count += count;
  }

  private closeLargest(): void {
    let largest: readonly [socket: Socket, bytes: number] | undefined;
    for (const [socket, { bytes }] of this.byConnection) {
      if (!largest || bytes > largest[1]) largest = [socket, bytes];
    }
    if (!largest) return;
    this.removeAll(largest[0]);
    largest[0].destroy();
  }
}
