import type { IncomingMessage } from 'node:http';
import { BadRequest, PayloadTooLarge, TooManyOpenRequests } from '../errors.js';
import { ReceivedBodies } from './received-bodies.js';

/**
 * The first 4096 pieces of a body may have any size. With more pieces, the average size must reach the minimum
 * below.
 */
const SMALL_PIECES_MAX = 4096;
const PIECE_MIN_BYTES = 16;

const NO_BYTES = Buffer.alloc(0);

/** The bodies that this process receives. */
const receivedBodies = new ReceivedBodies();

interface BodyLimits {
  readonly bytesMax: number;
  /** Returns the user or the network that sends it. */
  readonly sender: () => string;
}

/** Receives the whole body, or the error. */
type BodyCallback = (error: Error | null, body?: Buffer) => void;

/**
 * Collects a body of at most `bytesMax`. A larger body ends with `PayloadTooLarge`. The client chooses the number
 * of pieces, and each piece costs a microsecond and some hundred bytes of overhead. So pieces are copied into one
 * buffer that grows with the body. A body in too many small pieces is not read to its end and ends with
 * `BadRequest`. If all bodies together are too large, a body of the sender who has sent the most ends with
 * `TooManyOpenRequests`. A body that has arrived whole ends at once, so it is not counted.
 */
export function collectBody(
  payload: IncomingMessage,
  { bytesMax, sender }: BodyLimits,
  done: BodyCallback,
  received = receivedBodies,
): void {
  const declaredBytes = Number(payload.headers['content-length']);
  if (declaredBytes > bytesMax) {
    done(new PayloadTooLarge());
    return;
  }
  const pieces = new Pieces();
  let knownSender: string | undefined;
  const end = (error: Error | null) => {
    received.remove(refuse);
    payload.off('data', add).off('end', onEnd).off('error', onError).off('close', onClose);
    if (error) done(error);
    else done(null, pieces.whole());
  };
  const stopReading = (error: Error) => {
    // Pausing the socket stops the cost. Data that is read and then ignored would cost as much.
    payload.socket.pause();
    end(error);
  };
  const refuse = () => {
    stopReading(new TooManyOpenRequests());
  };
  const add = (piece: Buffer) => {
    if (pieces.length + piece.length > bytesMax) {
      end(new PayloadTooLarge());
      return;
    }
    pieces.add(piece);
    if (pieces.areTooSmall) stopReading(new BadRequest('The body comes in too small pieces.'));
    else if (pieces.length !== declaredBytes)
      received.set(refuse, (knownSender ??= sender()), pieces.memory);
  };
  const onEnd = () => {
    end(null);
  };
  const onError = () => {
    end(new BadRequest('Malformed request.'));
  };
  const onClose = () => {
    received.remove(refuse);
  };
  payload.on('data', add).on('end', onEnd).on('error', onError).on('close', onClose);
}

/** The pieces of a body so far, in one buffer. */
class Pieces {
  length = 0;
  private count = 0;
  private buffer: Buffer = NO_BYTES;

  /** The bytes that the buffer takes. */
  get memory(): number {
    return this.buffer.length;
  }

  get areTooSmall(): boolean {
    return this.count > SMALL_PIECES_MAX && this.length < this.count * PIECE_MIN_BYTES;
  }

  add(piece: Buffer): void {
    const needed = this.length + piece.length;
    this.count += 1;
    if (this.length === 0) this.buffer = piece;
    else {
      if (needed > this.buffer.length) this.enlarge(Math.max(needed, 2 * this.length));
      piece.copy(this.buffer, this.length);
    }
    this.length = needed;
  }

  whole(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private enlarge(size: number): void {
    const larger = Buffer.allocUnsafe(size);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
