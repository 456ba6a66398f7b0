import type { Socket } from 'node:net';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** A reader that takes nothing for so long is cut off: an answer that is over must not wait for ever. */
const STALL_MS = 60_000;
/** Less than this is nothing: a client that reads on at one byte a minute waits as well. */
const PROGRESS_MIN_BYTES = 16_384;
/** What all connections together may have waiting; past it those that have stood still longest are cut. */
const UNREAD_MAX_BYTES = 134_217_728;
const CHECK_EVERY_MS = 500;

/** What of Node's socket tells how much the client has taken; Node's own time-outs look at the same. */
interface Handle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

interface Progress {
  /** Bytes that the client's side had taken when it last moved. */
  taken: number;
  movedAt: number;
}

/** Cuts connections whose clients do not take their answers on. */
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

  /** Looks after a connection until it is closed. */
  watch(socket: Socket): void {
    if (this.watched.has(socket) || socket.destroyed) return;
    this.watched.set(socket, { taken: 0, movedAt: performance.now() });
    socket.once('close', () => this.watched.delete(socket));
  }

  private check(): void {
    const now = performance.now();
    const waiting: [Socket, Progress][] = [];
    let unread = 0;
    for (const [socket, progress] of this.watched) {
      const { writableLength } = socket;
      const taken = takenOf(socket);
      if (writableLength === 0 || taken - progress.taken >= PROGRESS_MIN_BYTES) {
        progress.taken = taken;
        progress.movedAt = now;
      }
      if (writableLength === 0) continue;
      if (now - progress.movedAt >= this.stallMs) socket.destroy();
      else {
        unread += writableLength;
        waiting.push([socket, progress]);
      }
    }
    if (unread > this.unreadMaxBytes) this.cut(waiting, unread);
  }

  private cut(waiting: [Socket, Progress][], unread: number): void {
    let left = unread;
    for (const [socket] of waiting.sort(([, one], [, other]) => one.movedAt - other.movedAt)) {
      if (left <= this.unreadMaxBytes) return;
      left -= socket.writableLength;
      socket.destroy();
    }
  }
}

/** What has left the process: the rest waits in it, however large the one write that it came in. */
function takenOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: Handle | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}
