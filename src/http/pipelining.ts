import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { onResponseClosed } from './exchange.js';

/** Requests of one connection that are worked on before the first of them is answered. */
const UNANSWERED_MAX = 4;
/** With more that wait nothing is read; before that the end of the connection is heard of at once. */
const READ_AHEAD_MAX = 64;
/** What one read brings may be more; this much is no client's. */
const WAITING_MAX = 1000;

interface Line {
  open: number;
  readonly waiting: (() => void)[];
}

const lines = new WeakMap<Socket, Line>();

function lineOf(socket: Socket): Line {
  const known = lines.get(socket);
  if (known) return known;
  const line: Line = { open: 0, waiting: [] };
  lines.set(socket, line);
  // Whatever makes Node read on, a connection on which requests wait is not read from.
  socket.on('resume', () => {
    if (line.waiting.length > READ_AHEAD_MAX) socket.pause();
  });
  return line;
}

/**
 * Resolves when it is the request's turn on its connection. A client may send requests without waiting for the
 * answers (pipelining); past four without one the rest wait, and of them only heads are kept. With the
 * connection's end those that wait are forgotten.
 */
export function itsTurn(request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
  const { socket } = request.raw;
  const line = lineOf(socket);
  const begin = () => {
    line.open += 1;
    onResponseClosed(reply.raw, () => {
      line.open -= 1;
      if (socket.destroyed) line.waiting.length = 0;
      line.waiting.shift()?.();
      if (line.waiting.length <= READ_AHEAD_MAX && !socket.destroyed) socket.resume();
    });
  };
  if (line.open < UNANSWERED_MAX) {
    begin();
    return undefined;
  }
  if (line.waiting.length >= READ_AHEAD_MAX) socket.pause();
  if (line.waiting.length >= WAITING_MAX) socket.destroy();
  return new Promise((resolve) => {
    line.waiting.push(() => {
      begin();
      resolve();
    });
  });
}
