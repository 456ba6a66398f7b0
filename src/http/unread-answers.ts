import type { Socket } from 'node:net';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** A reader that takes nothing for this time is disconnected, because a finished answer must not wait forever. */
const STALL_MS = 60_000;
/** Less than this counts as no progress. Otherwise a client could read one byte a minute forever. */
const PROGRESS_MIN_BYTES = 16_384;
/**
 * Maximum number of unread bytes of all connections together. Above it, the connections without progress for the
 * longest time are closed.
 */
const UNREAD_MAX_BYTES = 134_217_728;
const CHECK_EVERY_MS = 500;

/** The fields of Node's socket handle that show how much the client has taken. Node's own timeouts use them too. */
interface Handle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

interface Progress {
  /** Bytes that the client had taken at its last progress. */
  taken: number;
  progressedAt: number;
}

/** Closes connections whose clients do not read their answers. */
@Injectable()
export class UnreadAnswers implements OnApplicationBootstrap, OnModuleDestroy {
  stallMs = STALL_MS;
  unreadMaxBytes = UNREAD_MAX_BYTES;
  private readonly watched = new Map<Socket, Progress>();
  private timer: NodeJS.Timeout | undefined;

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.check();
    }, CHECK_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Watches a connection until it is closed. */
  watch(socket: Socket): void {
    if (this.watched.has(socket) || socket.destroyed) return;
    this.watched.set(socket, { taken: 0, progressedAt: performance.now() });
    socket.once('close', () => this.watched.delete(socket));
  }

  private check(): void {
    const now = performance.now();
    const waiting: [Socket, Progress][] = [];
    let unread = 0;
    for (const [socket, progress] of this.watched) {
      const { writableLength } = socket;
      const taken = bytesTaken(socket);
      if (writableLength === 0 || taken - progress.taken >= PROGRESS_MIN_BYTES) {
        progress.taken = taken;
        progress.progressedAt = now;
      }
      if (writableLength === 0) continue;
      if (now - progress.progressedAt >= this.stallMs) socket.destroy();
      else {
        unread += writableLength;
        waiting.push([socket, progress]);
      }
    }
    if (unread > this.unreadMaxBytes) this.closeSlowest(waiting, unread);
  }

  private closeSlowest(waiting: [Socket, Progress][], unread: number): void {
    let left = unread;
    for (const [socket] of waiting.sort(
      ([, one], [, other]) => one.progressedAt - other.progressedAt,
    )) {
      if (left <= this.unreadMaxBytes) return;
      left -= socket.writableLength;
      socket.destroy();
    }
  }
}

/** Returns the bytes that have left the process. All other bytes still wait in it, even those of one large write. */
function bytesTaken(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: Handle | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}
