import { IncomingMessage, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { onResponseClosed } from './exchange.js';
import { WaitingHeads } from './waiting-heads.js';

/** Maximum number of requests of one connection that are handled before the first of them is answered. */
const UNANSWERED_MAX = 4;
/** Above this number of waiting requests, the connection is not read. Below it, its end is noticed at once. */
const READ_AHEAD_MAX = 64;
/**
 * While this many requests wait on all connections together, a connection on which more than a few wait is closed. One
 * read may bring thousands, but no real client sends this many.
 */
const WAITING_TOGETHER_MAX = 512;
const FEW = 32;

interface ConnectionQueue {
  unanswered: number;
  readonly waiting: { readonly request: IncomingMessage; readonly begin: () => void }[];
}

const queues = new WeakMap<Socket, ConnectionQueue>();
/** The heads that wait on all connections of this process. */
const waitingHeads = new WaitingHeads();

function queueOf(socket: Socket): ConnectionQueue {
  const known = queues.get(socket);
  if (known) return known;
  const queue: ConnectionQueue = { unanswered: 0, waiting: [] };
  queues.set(socket, queue);
  // Node may resume reading for several reasons. A connection with too many waiting requests is paused again.
  socket.on('resume', () => {
    if (queue.waiting.length > READ_AHEAD_MAX) socket.pause();
  });
  socket.once('close', () => {
    queue.waiting.length = 0;
    waitingHeads.removeAll(socket);
  });
  return queue;
}

/** Whether a connection has sent so many requests ahead that it is closed. */
const isFull = (waiting: number): boolean =>
  waiting >= FEW && waitingHeads.count >= WAITING_TOGETHER_MAX;

const givenUpgrade = Symbol('given upgrade');

/**
 * Node's request, which also stops the parser after its connection was destroyed. One read of 64 KiB may bring two
 * thousand requests. Node would parse all of them, for 20 to 40 us each, and with a hundred such connections nobody
 * else is answered meanwhile. Only a change of the protocol makes the parser stop.
 */
export class PipelinedRequest extends IncomingMessage {
  declare private [givenUpgrade]: boolean | null;

  get upgrade(): boolean {
    return Boolean(this[givenUpgrade]) || this.socket.destroyed;
  }

  set upgrade(value: boolean | null) {
    this[givenUpgrade] = value;
  }
}

/**
 * Starts one waiting request in each iteration of the event loop, so that quick answers do not block other connections.
 */
function startNext(socket: Socket, queue: ConnectionQueue): void {
  if (socket.destroyed) return;
  const next = queue.unanswered < UNANSWERED_MAX ? queue.waiting.shift() : undefined;
  if (next) {
    waitingHeads.remove(socket, next.request);
    next.begin();
  }
  if (queue.waiting.length <= READ_AHEAD_MAX) socket.resume();
}

/**
 * Handles each request when its turn on its connection comes. A client may send requests without waiting for the
 * answers (pipelining). After four unanswered requests the others wait, and only their heads are stored. One read
 * can bring thousands of them, and they cost almost nothing until they are handled. When the connection ends, the
 * waiting ones are dropped.
 */
export function limitPipelining(handle: RequestListener): RequestListener {
  return (request, response) => {
    const { socket } = request;
    const queue = queueOf(socket);
    const begin = () => {
      queue.unanswered += 1;
      onResponseClosed(response, () => {
        queue.unanswered -= 1;
        if (queue.waiting.length > 0) setImmediate(startNext, socket, queue);
      });
      handle(request, response);
    };
    if (queue.unanswered < UNANSWERED_MAX && queue.waiting.length === 0) begin();
    else if (isFull(queue.waiting.length)) socket.destroy();
    else if (!socket.destroyed) {
      queue.waiting.push({ request, begin });
      if (queue.waiting.length > READ_AHEAD_MAX) socket.pause();
      waitingHeads.add(socket, request);
    }
  };
}
