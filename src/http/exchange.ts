import type { ServerResponse } from 'node:http';

/** Who wants to know of each exchange that is not over yet. */
const waiting = new WeakMap<ServerResponse, Set<() => void>>();

/**
 * Tells once when a response is closed, whether it was sent or its client left. Of a response that waits
 * behind another on its connection (pipelining), Node tells nothing when the connection ends: so that is
 * listened to as well. Returns what takes the wish back.
 */
export function onResponseClosed(response: ServerResponse, tell: () => void): () => void {
  const all = waiting.get(response) ?? listen(response);
  all.add(tell);
  return () => {
    all.delete(tell);
  };
}

function listen(response: ServerResponse): Set<() => void> {
  const all = new Set<() => void>();
  const { socket } = response.req;
  let isOver = false;
  const over = () => {
    // Both may come in one breath, and a listener that is taken off then is called all the same.
    if (isOver) return;
    isOver = true;
    response.off('close', over);
    socket.off('close', over);
    waiting.delete(response);
    for (const tell of all) tell();
  };
  waiting.set(response, all);
  if (socket.closed) {
    // What the parser still had when the connection ended.
    setImmediate(over);
    return all;
  }
  response.once('close', over);
  // One for each request that waits on the connection.
  socket.setMaxListeners(0).once('close', over);
  return all;
}
