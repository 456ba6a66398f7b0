/** A moment: whole microseconds since 1970, UTC. Sorts and compares alike in both databases. */
export type Micros = number;

export const SECOND_MICROS = 1_000_000;
export const DAY_MICROS = 86_400 * SECOND_MICROS;

/** How far this clock may differ from the machine's. */
const CLOCK_ERROR_MAX_MS = 5;

/** The wall clock's time, in milliseconds, at which `performance.now()` was 0. */
let startedAtMs = performance.timeOrigin;

/**
 * Now, to the microsecond: JavaScript's own `Date` stops at milliseconds. It follows the machine's clock when
 * that is set, or was suspended: moments are compared with those of other processes.
 */
export function nowMicros(): Micros {
  const elapsedMs = performance.now();
  const wallMs = Date.now();
  if (Math.abs(wallMs - startedAtMs - elapsedMs) > CLOCK_ERROR_MAX_MS) {
    startedAtMs = wallMs - elapsedMs;
  }
  return Math.floor((startedAtMs + elapsedMs) * 1000);
}

/** ISO 8601 in UTC with six fractional digits: `2025-08-19T00:48:00.123456Z`. */
export function toIso(moment: Micros): string {
  const seconds = Math.floor(moment / SECOND_MICROS);
  const fraction = String(moment - seconds * SECOND_MICROS).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/**
 * .NET writes seven digits of a second, and Go, Java and Rust nine: from the seventh on they are left out. The plus of an
 * offset that nobody has encoded in a URL comes as a blank.
 */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,6})\d{0,6})?)?(Z|[+\- ]\d\d:\d\d)?)?$/i;

/** Reads an ISO 8601 day or time, UTC unless it says otherwise; undefined for what is none. */
export function fromIso(text: string): Micros | undefined {
  const [, day = '', time = '00:00', seconds = ':00', fraction = '', zone = 'Z'] =
    ISO.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00Z`);
  const ms = Date.parse(`${day}T${time}${seconds}${zone.toUpperCase().replace(' ', '+')}`);
  // JavaScript reads the 31st of February as the 3rd of March.
  const isReal = !Number.isNaN(ms) && new Date(midnight).toISOString().startsWith(day);
  return isReal ? ms * 1000 + Number(fraction.padEnd(6, '0')) : undefined;
}

/** The day (UTC) that a moment belongs to, as days since 1970. */
export function dayOf(moment: Micros): number {
  return Math.floor(moment / DAY_MICROS);
}

/** The month (UTC) that a moment belongs to, as months since the year 0. */
export function monthOf(moment: Micros): number {
  const date = new Date(moment / 1000);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
