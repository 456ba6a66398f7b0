import { randomFillSync } from 'node:crypto';

/** The text of a regular expression for a UUID in lower case, the form in which ids are stored. */
export const UUID_PATTERN = '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}';
/** Number of random bytes of one id. The first four are for the sequence. */
const RANDOM_BYTES = 10;
/** Filled for many ids at once, because a call to the generator costs more than its bytes. */
const pool = Buffer.allocUnsafe(RANDOM_BYTES * 256);
const SEQUENCE_MAX = 2 ** 31;

/** If the clock goes back by more than this, it was set. The ids then follow it, because they contain their time. */
const CLOCK_SET_MS = 1000;

let used = pool.length;
let lastMs = 0;
let lastTime = '';
let sequence = 0;

/**
 * Returns a new UUIDv7. The ids of one process sort in the order in which they were made, also within a
 * millisecond, unless the clock is set back. It is written in pieces of text, because `uuid` joins an id byte by byte, which made a twentieth of the
 * garbage of a chat.
 */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += RANDOM_BYTES;
  const now = Date.now();
  if (now > lastMs || now < lastMs - CLOCK_SET_MS) {
    beginMs(now);
    sequence = pool.readUInt32BE(start) >>> 1;
  } else if (++sequence === SEQUENCE_MAX) {
    sequence = 0;
    beginMs(lastMs + 1);
  }
  // The version and 12 bits of the sequence, the variant and 14 bits, then 6 bits and 42 random ones.
  const high = (0x7000 + (sequence >>> 20)).toString(16);
  const middle = (0x8000 + ((sequence >>> 6) & 0x3fff)).toString(16);
  const random = pool.readUIntBE(start + 4, 6) % 2 ** 42;
  const low = ((sequence & 0x3f) * 2 ** 42 + random).toString(16).padStart(12, '0');
  return `${lastTime}-${high}-${middle}-${low}`;
}

function beginMs(ms: number): void {
  lastMs = ms;
  const digits = ms.toString(16).padStart(12, '0');
  lastTime = `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
