import { DAY_MICROS, type Micros } from '../time.js';

/** Ids are made by the process that writes; its clock may be wrong, but hardly by more. */
const CLOCK_ERROR_MAX = DAY_MICROS;

/** The smallest UUIDv7 of a moment. */
function idAt(moment: Micros): string {
  const hex = Math.max(0, Math.floor(moment / 1000))
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/**
 * Ids between which the rows of a span of time lie, and some before and after it: the primary key then leads
 * to them, and a second condition on the time itself picks the right ones.
 */
export function idsAround(from: Micros, to: Micros): [first: string, last: string] {
  return [idAt(from - CLOCK_ERROR_MAX), idAt(to + CLOCK_ERROR_MAX)];
}
