import { DAY_MICROS, type Micros } from '../time.js';

/** Maximum error of a process's clock. The process that writes a row makes its id from its own clock. */
const CLOCK_ERROR_MAX = DAY_MICROS;

/** Returns the smallest UUIDv7 of a time. */
function smallestIdAt(moment: Micros): string {
  const hex = Math.max(0, Math.floor(moment / 1000))
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/**
 * Returns the first and last id of the rows of a time range, with a margin on both sides for clock errors. A query
 * finds the rows by the primary key, and a second condition on the time itself selects the right ones.
 */
export function idsAround(from: Micros, to: Micros): [first: string, last: string] {
  return [smallestIdAt(from - CLOCK_ERROR_MAX), smallestIdAt(to + CLOCK_ERROR_MAX)];
}
