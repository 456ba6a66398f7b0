import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** The text of a regular expression for a UUID in lower case, the form in which ids are stored. */
export const UUID_PATTERN = '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}';
/** Number of random bytes of one id. */
const RANDOM_BYTES = 16;
/** Filled for many ids at once, because a call to the generator costs more than its bytes. */
const pool = new Uint8Array(RANDOM_BYTES * 256);
const SEQUENCE_MAX = 2 ** 31;

let used = pool.length;
let lastMs = 0;
let sequence = 0;

/**
 * Returns a new UUIDv7. The ids of one process sort in the order in which they were made, also within a
 * millisecond.
 */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + RANDOM_BYTES);
  used += RANDOM_BYTES;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = new DataView(pool.buffer, random.byteOffset).getUint32(0) >>> 1;
  } else if (++sequence === SEQUENCE_MAX) {
    sequence = 0;
    lastMs += 1;
  }
  return v7({ msecs: lastMs, seq: sequence, random });
}
