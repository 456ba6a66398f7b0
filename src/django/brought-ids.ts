import { createHash } from 'node:crypto';
import { v7 } from 'uuid';
import type { Micros } from '../time.js';

const SERIAL_MAX = 2n ** 20n;

/**
 * The id here of a row from there: always the same for one row, so that it is known again, and in the order of the
 * moments and then of the rows' numbers, as all ids are.
 */
export function broughtId(
  kind: 'user' | 'token' | 'conversation' | 'message',
  key: string,
  at: Micros,
): string {
  const random = createHash('sha256').update(`django ${kind} ${key}`).digest().subarray(0, 16);
  const serial = /^\d{1,18}$/.test(key) ? Number(BigInt(key) % SERIAL_MAX) : 0;
  const seq = (at % 1000) * Number(SERIAL_MAX) + serial;
  return v7({ msecs: Math.floor(at / 1000), seq, random });
}
