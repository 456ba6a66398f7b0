import { createHash } from 'node:crypto';
import { v7 } from 'uuid';
import type { Micros } from '../time.js';

const SERIAL_MAX = 2n ** 20n;

/**
 * Returns the id here of a row in the Django database. The same row always gets the same id, so that a later
 * run recognises it. Ids sort by time and then by the row's number, as all ids do.
 */
export function importedId(
  kind: 'user' | 'token' | 'conversation' | 'message',
  key: string,
  at: Micros,
): string {
  const random = createHash('sha256').update(`django ${kind} ${key}`).digest().subarray(0, 16);
  const serial = /^\d{1,18}$/.test(key) ? Number(BigInt(key) % SERIAL_MAX) : 0;
  const seq = (at % 1000) * Number(SERIAL_MAX) + serial;
  return v7({ msecs: Math.floor(at / 1000), seq, random });
}
