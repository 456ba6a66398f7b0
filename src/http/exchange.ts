import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The listeners of a response, stored on the response itself. A map of all responses would cost garbage collection.
 */
const closeListeners = Symbol('close listeners');
/** The functions that end the open exchanges of a connection. */
const openExchanges = Symbol('open exchanges');

type Response = ServerResponse & { [closeListeners]?: Set<() => void> | undefined };
type Connection = Socket & { [openExchanges]?: Set<() => void> };

/**
 * Calls `listener` once when a response is closed, whether it was sent or its client left. If a response waits behind
 * another one on its connection (pipelining), Node emits no event for it when the connection ends. So this also
 * listens to the connection. Returns a function that removes the listener.
 */
export function onResponseClosed(response: Response, listener: () => void): () => void {
  const all = response[closeListeners] ?? listen(response);
  all.add(listener);
  return () => {
    all.delete(listener);
  };
}

function listen(response: Response): Set<() => void> {
  const all = new Set<() => void>();
  const { socket } = response.req;
  const exchanges = exchangesOf(socket);
  const endExchange = () => {
    // Both the response and the connection may close.
    if (!exchanges.delete(endExchange)) return;
    response[closeListeners] = undefined;
    for (const listener of all) listener();
  };
  response[closeListeners] = all;
  exchanges.add(endExchange);
  // The parser may deliver a request after the connection has ended.
  if (socket.closed) setImmediate(endExchange);
  else response.on('close', endExchange);
  return all;
}

/** Adds one listener to each connection, for all requests on it. */
function exchangesOf(socket: Connection): Set<() => void> {
  const known = socket[openExchanges];
  if (known) return known;
  const exchanges = new Set<() => void>();
  socket[openExchanges] = exchanges;
  socket.once('close', () => {
    for (const endExchange of exchanges) endExchange();
  });
  return exchanges;
}
