/** A moment: whole microseconds since 1970, UTC. It sorts and compares the same in both databases. */
export type Micros = number;

export const SECOND_MICROS = 1_000_000;
export const DAY_MICROS = 86_400 * SECOND_MICROS;

/** How far this clock may differ from the machine's clock. */
const CLOCK_ERROR_MAX_MS = 5;

/** The time of the wall clock, in milliseconds, at which `performance.now()` was 0. */
let startedAtMs = performance.timeOrigin;

/**
 * Returns the current time in microseconds; JavaScript's `Date` has only milliseconds. Follows the machine's clock
 * after it was set or the machine was suspended, because moments are compared with those of other processes.
 */
export function nowMicros(): Micros {
  const elapsedMs = performance.now();
  const wallMs = Date.now();
  if (Math.abs(wallMs - startedAtMs - elapsedMs) > CLOCK_ERROR_MAX_MS) {
    startedAtMs = wallMs - elapsedMs;
  }
  return Math.floor((startedAtMs + elapsedMs) * 1000);
}

/** Returns a moment as ISO 8601 in UTC with six fractional digits: `2025-08-19T00:48:00.123456Z`. */
export function toIso(moment: Micros): string {
  const seconds = Math.floor(moment / SECOND_MICROS);
  const fraction = String(moment - seconds * SECOND_MICROS).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/**
 * Digits after the sixth of a second are ignored: .NET writes seven, and Go, Java and Rust nine. If a client
 * does not encode the plus of an offset in a URL, it arrives as a space.
 */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,6})\d{0,6})?)?(Z|[+\- ]\d\d:\d\d)?)?$/i;

/** The first and the last moment in a year of four digits, in milliseconds. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59Z');

/** Parses a day or time in ISO 8601, as UTC unless it has an offset. Returns undefined for other text. */
export function fromIso(text: string): Micros | undefined {
  const [, day = '', time = '00:00', seconds = '', fraction = '', zone = 'Z'] =
    ISO.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00Z`);
  const ms = Date.parse(`${day}T${time}${seconds}${zone.toUpperCase().replace(' ', '+')}`);
  // JavaScript parses February 31 as March 3. With its offset, a time may be in a year that `toIso` cannot write.
  const isReal =
    !Number.isNaN(ms) &&
    new Date(midnight).toISOString().startsWith(day) &&
    ms >= FIRST_MS &&
    ms <= LAST_MS;
  return isReal ? ms * 1000 + Number(fraction.padEnd(6, '0')) : undefined;
}

/** Returns the day (UTC) of a moment, as days since 1970. */
export function dayOf(moment: Micros): number {
  return Math.floor(moment / DAY_MICROS);
}

/** Returns the month (UTC) of a moment, as months since year 0. */
export function monthOf(moment: Micros): number {
  const date = new Date(moment / 1000);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
