import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Those who want to know. They lie on the response: a map of all exchanges is work for the garbage collector. */
const waiting = Symbol('waiting');
/** What ends the exchanges of a connection that are not over yet. */
const underWay = Symbol('under way');

type Response = ServerResponse & { [waiting]?: Set<() => void> | undefined };
type Connection = Socket & { [underWay]?: Set<() => void> };

/**
 * Tells once when a response is closed, whether it was sent or its client left. Of a response that waits
 * behind another on its connection (pipelining), Node tells nothing when the connection ends: so that is
 * listened to as well. Returns what takes the wish back.
 */
export function onResponseClosed(response: Response, tell: () => void): () => void {
  const all = response[waiting] ?? listen(response);
  all.add(tell);
  return () => {
    all.delete(tell);
  };
}

function listen(response: Response): Set<() => void> {
  const all = new Set<() => void>();
  const { socket } = response.req;
  const exchanges = exchangesOf(socket);
  const over = () => {
    // Response and connection may both close.
    if (!exchanges.delete(over)) return;
    response[waiting] = undefined;
    for (const tell of all) tell();
  };
  response[waiting] = all;
  exchanges.add(over);
  // What the parser still had when the connection ended.
  if (socket.closed) setImmediate(over);
  else response.on('close', over);
  return all;
}

/** One listener for each connection, however many requests come on it. */
function exchangesOf(socket: Connection): Set<() => void> {
  const known = socket[underWay];
  if (known) return known;
  const exchanges = new Set<() => void>();
  socket[underWay] = exchanges;
  socket.once('close', () => {
    for (const over of exchanges) over();
  });
  return exchanges;
}
