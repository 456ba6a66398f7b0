import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { BadRequest, HeadersTooLarge, RequestTimeout, type AppError } from '../errors.js';
import { fairIterations } from '../fair-iterations.js';

/** How long a refused connection may stay half open. */
const LINGER_MS = 1000;

/** The connections that wait for their answer, and what answers them. */
const waiting = new Map<Socket, () => void>();

/** Returns the error for bytes that never became a request, and the status line. */
function toRefusal(code: string | undefined): readonly [AppError, string] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return [new HeadersTooLarge(), '431 Request Header Fields Too Large'];
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [new RequestTimeout(), '408 Request Timeout'];
  return [new BadRequest('Malformed request.'), '400 Bad Request'];
}

/** Answers all connections that wait, also those that come meanwhile. */
async function answerWaiting(): Promise<void> {
  const pause = fairIterations();
  for (const [socket, answerNow] of waiting) {
    await pause();
    waiting.delete(socket);
    answerNow();
  }
}

/**
 * Answers bytes that are not valid HTTP. No request object exists yet, so the response in the usual shape is
 * written by hand. Thousands of connections may reach their time limit at the same moment, so they are answered a few
 * in each iteration of the event loop.
 */
export function refuseConnection(
  logger: Logger,
  error: NodeJS.ErrnoException,
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // More bytes of a connection that waits cause the same error again.
  if (waiting.has(socket)) return;
  const isFirst = waiting.size === 0;
  waiting.set(socket, () => {
    answer(logger, error.code, socket);
  });
  if (isFirst) void answerWaiting();
}

function answer(logger: Logger, code: string | undefined, socket: Socket): void {
  const [refusal, status] = toRefusal(code);
  const body = JSON.stringify(refusal.answer().body);
  const reqId = randomUUID();
  logger.info({ reqId, status: refusal.status }, 'refused');
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nX-Request-Id: ${reqId}\r\n` +
      `Connection: close\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
  );
  // Not closed at once: if the client still sends, the connection would be reset before the client has read the
  // response.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
