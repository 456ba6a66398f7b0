import type { Socket } from 'node:net';
import type pg from 'pg';

/**
 * Longer than a statement may run on the server (`POSTGRES_STATEMENT_TIMEOUT_MS`). A server that still accepts packets and
 * sends nothing for so long is frozen, or something between passes nothing on: there is no use in waiting for it.
 */
const SILENCE_MS = 45_000;
/** A process that was stopped itself runs its timers before it reads what the server has sent meanwhile. */
const LAST_CHANCE_MS = 1000;

const socketOf = ({ connection }: pg.Client) => connection.stream as Socket;

/** Whether the server has not answered a statement yet. The types lack the property. */
const isOwed = (client: pg.Client) => !(client as { readyForQuery?: boolean }).readyForQuery;

/**
 * Ends the connection if a statement waits for its answer and the server has sent nothing for `afterMs`. The statement then
 * fails as on a lost connection. A connection without a statement may stay silent.
 */
export function endOnSilence(client: pg.Client, afterMs = SILENCE_MS): void {
  const socket = socketOf(client);
  socket.setTimeout(afterMs);
  socket.on('timeout', () => {
    const heard = socket.bytesRead;
    const look = () => {
      if (socket.bytesRead !== heard) return;
      // A connection that is being closed waits for the server, too.
      if (isOwed(client)) socket.destroy(silent(afterMs));
      else if (socket.writableEnded) socket.destroy();
    };
    setTimeout(look, Math.min(LAST_CHANCE_MS, afterMs));
  });
}

const silent = (afterMs: number) =>
  Object.assign(new Error(`PostgreSQL has said nothing for ${String(afterMs / 1000)} s`), {
    code: 'ETIMEDOUT',
  });

/** Runs `work`, during which the server may stay silent for any time. */
export async function allowSilence<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  const socket = socketOf(client);
  socket.setTimeout(0);
  try {
    return await work();
  } finally {
    socket.setTimeout(SILENCE_MS);
  }
}
