import type { Socket } from 'node:net';
import type pg from 'pg';

/**
 * How long the server may be silent while it runs a statement. It is longer than the statement timeout of the
 * server (`POSTGRES_STATEMENT_TIMEOUT_MS`). A server that accepts packets but is silent for this time is frozen, or
 * the network no longer forwards its packets. Waiting longer would not help.
 */
const SILENCE_MS = 45_000;
/**
 * Time to read data that has already arrived. If this process was stopped, its timers run before it reads that
 * data.
 */
const LAST_CHANCE_MS = 1000;

const socketOf = ({ connection }: pg.Client) => connection.stream as Socket;

/** Checks whether the server still owes an answer to a statement. The types lack this property. */
const isOwed = (client: pg.Client) => !(client as { readyForQuery?: boolean }).readyForQuery;

/**
 * Ends the connection if a statement waits for its answer and the server has sent nothing for `afterMs`. The
 * statement then fails as on a lost connection. A connection without a statement may stay silent.
 */
export function endOnSilence(client: pg.Client, afterMs = SILENCE_MS): void {
  const socket = socketOf(client);
  socket.setTimeout(afterMs);
  socket.on('timeout', () => {
    // A statement that starts from now on has its whole time.
    if (!isOwed(client) && !socket.writableEnded) return;
    const heard = socket.bytesRead;
    const look = () => {
      if (socket.bytesRead !== heard) return;
      // A connection that is being closed also waits for the server.
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

/** Runs `work` without a limit for the silence of the server. */
export async function allowSilence<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  const socket = socketOf(client);
  socket.setTimeout(0);
  try {
    return await work();
  } finally {
    socket.setTimeout(SILENCE_MS);
  }
}
