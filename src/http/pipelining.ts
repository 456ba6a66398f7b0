import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
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

/** Begins what waits, one for each turn of the event loop: answers that are quick leave others their turn. */
function advance(socket: Socket, line: Line): void {
  if (socket.destroyed) line.waiting.length = 0;
  if (line.open < UNANSWERED_MAX) line.waiting.shift()?.();
  if (line.waiting.length <= READ_AHEAD_MAX && !socket.destroyed) socket.resume();
}

/**
 * Has each request handled when it is its turn on its connection. A client may send requests without waiting for the
 * answers (pipelining); past four without one the rest wait, and of them only heads are kept: one read brings
 * thousands, which cost next to nothing until they are handled. With the connection's end those that wait are forgotten.
 */
function inTurn(handle: RequestListener): RequestListener {
  return (request, response) => {
    const { socket } = request;
    const line = lineOf(socket);
    const begin = () => {
      line.open += 1;
      onResponseClosed(response, () => {
        line.open -= 1;
        if (line.waiting.length > 0) setImmediate(advance, socket, line);
      });
      handle(request, response);
    };
    if (line.open < UNANSWERED_MAX && line.waiting.length === 0) begin();
    else if (line.waiting.length >= WAITING_MAX) socket.destroy();
    else {
      line.waiting.push(begin);
      if (line.waiting.length > READ_AHEAD_MAX) socket.pause();
    }
  };
}

/** Puts that before what the server does with a request. */
export function takeTurns(server: Server): void {
  const handlers = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  for (const handle of handlers) server.on('request', inTurn(handle));
}
