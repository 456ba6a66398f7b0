import type { IncomingMessage } from 'node:http';
import { BadRequest, PayloadTooLarge } from '../errors.js';

/**
 * The first 4096 pieces of a body may have any size. With more pieces, the average size must reach the minimum
 * below.
 */
const SMALL_PIECES_MAX = 4096;
const PIECE_MIN_BYTES = 16;

/** Receives the whole body, or the error. */
type BodyCallback = (error: Error | null, body?: Buffer) => void;

/**
 * Collects a body of at most `bytesMax`. A larger body ends with `PayloadTooLarge`. The client chooses the number
 * of pieces, and each piece costs a microsecond and some hundred bytes of overhead. So pieces are copied into one
 * buffer that grows with the body. A body in too many small pieces is not read to its end and ends with
 * `BadRequest`.
 */
export function collectBody(payload: IncomingMessage, bytesMax: number, done: BodyCallback): void {
  if (Number(payload.headers['content-length']) > bytesMax) {
    done(new PayloadTooLarge());
    return;
  }
  let body: Buffer = Buffer.alloc(0);
  let length = 0;
  let pieces = 0;
  const end = (error: Error | null) => {
    payload.off('data', add).off('end', onEnd).off('error', onError);
    if (error) done(error);
    else done(null, body.subarray(0, length));
  };
  const add = (piece: Buffer) => {
    const needed = length + piece.length;
    pieces += 1;
    const isTooSmall = pieces > SMALL_PIECES_MAX && needed < pieces * PIECE_MIN_BYTES;
    if (needed > bytesMax) {
      end(new PayloadTooLarge());
      return;
    }
    if (isTooSmall) {
      // Pausing the socket stops the cost. Data that is read and then ignored would cost as much.
      payload.socket.pause();
      end(new BadRequest('The body comes in too small pieces.'));
      return;
    }
    if (length === 0) body = piece;
    else {
      if (needed > body.length) body = enlarge(body, length, Math.max(needed, 2 * length));
      piece.copy(body, length);
    }
    length = needed;
  };
  const onEnd = () => {
    end(null);
  };
  const onError = () => {
    end(new BadRequest('Malformed request.'));
  };
  payload.on('data', add).on('end', onEnd).on('error', onError);
}

function enlarge(body: Buffer, length: number, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  body.copy(larger, 0, 0, length);
  return larger;
}
