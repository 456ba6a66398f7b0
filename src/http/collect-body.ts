import type { IncomingMessage } from 'node:http';
import { BadRequest, PayloadTooLarge } from '../errors.js';

/** So many pieces may be as small as they like; those after them have so many bytes each, on the whole. */
const SMALL_PIECES_MAX = 4096;
const PIECE_MIN_BYTES = 16;

/** Takes the whole body, or says why there is none. */
type Collected = (error: Error | null, body?: Buffer) => void;

/**
 * Collects a body of at most `bytesMax`: past it `done` is told `PayloadTooLarge`. The client chooses how many pieces it
 * sends, and each costs a microsecond and some hundred bytes beside its own. So they are copied into one buffer, which
 * grows with what there is, and of a body in a great many small pieces no more is read: that is `BadRequest`.
 */
export function collectBody(payload: IncomingMessage, bytesMax: number, done: Collected): void {
  if (Number(payload.headers['content-length']) > bytesMax) {
    done(new PayloadTooLarge());
    return;
  }
  let body: Buffer = Buffer.alloc(0);
  let length = 0;
  let pieces = 0;
  const end = (error: Error | null) => {
    payload.off('data', add).off('end', whole).off('error', broken);
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
      // What is read of it costs as much though nobody looks at it.
      payload.socket.pause();
      end(new BadRequest('The body comes in too small pieces.'));
      return;
    }
    if (length === 0) body = piece;
    else {
      if (needed > body.length) body = grown(body, length, Math.max(needed, 2 * length));
      piece.copy(body, length);
    }
    length = needed;
  };
  const whole = () => {
    end(null);
  };
  const broken = () => {
    end(new BadRequest('Malformed request.'));
  };
  payload.on('data', add).on('end', whole).on('error', broken);
}

function grown(body: Buffer, length: number, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  body.copy(larger, 0, 0, length);
  return larger;
}
