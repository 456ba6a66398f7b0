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

/**
 * Counts the memory of requests that wait behind others on their connections. A request of thirty bytes takes some
 * kilobytes, so a client without credentials could fill the memory. Above the maximum, the connection whose requests
 * take the most is closed. Clients that send a few requests ahead keep their connections.
 */
export class WaitingHeads {
  private readonly byConnection = new Map<Socket, number>();
  private bytes = 0;

  /** Counts a request. May close connections, this one too. */
  add(socket: Socket, head: Head): void {
    const added = bytesOf(head);
    this.byConnection.set(socket, (this.byConnection.get(socket) ?? 0) + added);
    this.bytes += added;
    while (this.bytes > WAITING_MAX_BYTES) this.closeLargest();
  }

  /** Counts a request no longer, because it is handled now. */
  remove(socket: Socket, head: Head): void {
    const [before, removed] = [this.byConnection.get(socket), bytesOf(head)];
    if (before === undefined) return;
    this.bytes -= removed;
    if (before > removed) this.byConnection.set(socket, before - removed);
    else this.byConnection.delete(socket);
  }

  /** Counts no request of this connection any longer. */
  removeAll(socket: Socket): void {
    this.bytes -= this.byConnection.get(socket) ?? 0;
    this.byConnection.delete(socket);
  }

  private closeLargest(): void {
    let largest: readonly [socket: Socket, bytes: number] | undefined;
    for (const one of this.byConnection) if (!largest || one[1] > largest[1]) largest = one;
    if (!largest) return;
    this.removeAll(largest[0]);
    largest[0].destroy();
  }
}
