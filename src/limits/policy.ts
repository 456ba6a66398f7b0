import { toRate, type Rate } from '../config/rates.js';

/**
 * Time is counted in tenths of a window (ticks). Eleven ticks always cover a whole window. So no window ever grants
 * more than its quota, but a refused caller may wait a tenth of the window longer.
 */
const TICKS_PER_WINDOW = 10;
export const TICKS_KEPT = TICKS_PER_WINDOW + 1;

/** A limit, by its name on the wire. */
export interface Policy {
  readonly name: string;
  readonly quota: number;
  /** The limit as response headers show it: its count and the window in seconds. */
  readonly headerValue: string;
  readonly tickMs: number;
  /** The prefix of its keys. It contains the limit, so a changed limit starts with new counters. */
  readonly scope: string;
}

export function policyOf(name: string, { count, windowSeconds }: Rate, scope = name): Policy {
  return {
    name,
    quota: count,
    headerValue: `"${name}";q=${String(count)};w=${String(windowSeconds)}`,
    tickMs: (windowSeconds * 1000) / TICKS_PER_WINDOW,
    scope: `${scope} ${String(count)}/${String(windowSeconds)} `,
  };
}

/**
 * The limit for one name from all networks together that have never logged in to it. It has no name of its own on
 * the wire.
 */
export const UNKNOWN_NETWORKS = policyOf('login-account', toRate('100/h'), 'login-strangers');
