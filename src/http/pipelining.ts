import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { onResponseClosed } from './exchange.js';

/** Maximum number of requests of one connection that are handled before the first of them is answered. */
const UNANSWERED_MAX = 4;
/** Above this number of waiting requests, the connection is not read. Below it, its end is noticed at once. */
const READ_AHEAD_MAX = 64;
/**
 * Above this number of waiting requests, the connection is closed. One read may bring more than the read-ahead
 * limit, but no real client sends this many.
 */
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
  // Node may resume reading for several reasons. A connection with too many waiting requests is paused again.
  socket.on('resume', () => {
    if (line.waiting.length > READ_AHEAD_MAX) socket.pause();
  });
  return line;
}

/**
 * Starts one waiting request in each turn of the event loop, so that quick answers do not block other connections.
 */
function advance(socket: Socket, line: Line): void {
  if (socket.destroyed) line.waiting.length = 0;
  if (line.open < UNANSWERED_MAX) line.waiting.shift()?.();
  if (line.waiting.length <= READ_AHEAD_MAX && !socket.destroyed) socket.resume();
}

/**
 * Handles each request when its turn on its connection comes. A client may send requests without waiting for the
 * answers (pipelining). After four unanswered requests the others wait, and only their heads are stored. One read
 * can bring thousands of them, and they cost almost nothing until they are handled. When the connection ends, the
 * waiting ones are dropped.
 */
export function inTurn(handle: RequestListener): RequestListener {
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
