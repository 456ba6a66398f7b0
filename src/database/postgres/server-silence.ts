import type { Socket } from 'node:net';
import type pg from 'pg';

/**
 * How long the server may be silent while it runs a statement. It is longer than the statement timeout of the
 * server (`POSTGRES_STATEMENT_TIMEOUT_MS`). A server that accepts packets but is silent for this time is frozen, or
 * the network no longer forwards its packets. Waiting longer would not help.
 */
const SERVER_SILENCE_MAX_MS = 45_000;
/**
 * Time to read data that has already arrived. If this process was stopped, its timers run before it reads that
 * data.
 */
const READ_ARRIVED_MS = 1000;

const socketOf = ({ connection }: pg.Client) => connection.stream as Socket;

/** Checks whether the server still owes an answer to a statement. The types lack this property. */
const isAnswerPending = (client: pg.Client) =>
  !(client as { readyForQuery?: boolean }).readyForQuery;

/**
 * Ends the connection if a statement waits for its answer and the server has sent nothing for `afterMs`. The
 * statement then fails as on a lost connection. A connection without a statement may stay silent.
 */
export function endOnSilence(client: pg.Client, afterMs = SERVER_SILENCE_MAX_MS): void {
  const socket = socketOf(client);
  socket.setTimeout(afterMs);
  socket.on('timeout', () => {
    // A statement that starts from now on has its whole time.
    if (!isAnswerPending(client) && !socket.writableEnded) return;
    const bytesBefore = socket.bytesRead;
    const checkAgain = () => {
      if (socket.bytesRead !== bytesBefore) return;
      // A connection that is being closed also waits for the server.
      if (isAnswerPending(client)) socket.destroy(silenceError(afterMs));
      else if (socket.writableEnded) socket.destroy();
    };
    setTimeout(checkAgain, Math.min(READ_ARRIVED_MS, afterMs));
  });
}

const silenceError = (afterMs: number) =>
  Object.assign(new Error(`PostgreSQL has said nothing for ${String(afterMs / 1000)} s`), {
    code: 'ETIMEDOUT',
  });

/** Runs `work` without a limit for the silence of the server. */
export async function withoutSilenceLimit<T>(
  client: pg.Client,
  work: () => Promise<T>,
): Promise<T> {
  const socket = socketOf(client);
  socket.setTimeout(0);
  try {
    return await work();
  } finally {
    socket.setTimeout(SERVER_SILENCE_MAX_MS);
  }
}
