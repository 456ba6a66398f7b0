import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The listeners of a response, stored on the response itself. A map of all responses would cost garbage collection.
 */
const waiting = Symbol('waiting');
/** The functions that end the open exchanges of a connection. */
const underWay = Symbol('under way');

type Response = ServerResponse & { [waiting]?: Set<() => void> | undefined };
type Connection = Socket & { [underWay]?: Set<() => void> };

/**
 * Calls `tell` once when a response is closed, whether it was sent or its client left. If a response waits behind
 * another one on its connection (pipelining), Node emits no event for it when the connection ends. So this also
 * listens to the connection. Returns a function that removes the listener.
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
    // Both the response and the connection may close.
    if (!exchanges.delete(over)) return;
    response[waiting] = undefined;
    for (const tell of all) tell();
  };
  response[waiting] = all;
  exchanges.add(over);
  // A request that the parser still had when the connection ended.
  if (socket.closed) setImmediate(over);
  else response.on('close', over);
  return all;
}

/** Adds one listener to each connection, for all requests on it. */
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
