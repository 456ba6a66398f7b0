import { toRate, type Rate } from '../config/rates.js';

/**
 * Time is counted in tenths of a window. Eleven of them always cover a whole window, however it lies: so a
 * refused caller may wait a tenth longer than the window, and no window ever has more than its count.
 */
const TICKS_A_WINDOW = 10;
export const TICKS_KEPT = TICKS_A_WINDOW + 1;

/** A limit by its name on the wire. */
export interface Policy {
  readonly name: string;
  readonly quota: number;
  /** As answers tell it: its count and the window's seconds. */
  readonly onWire: string;
  readonly tickMs: number;
  /** What its keys begin with: a limit that is set otherwise begins to count anew. */
  readonly scope: string;
}

export function policyOf(name: string, { count, windowSeconds }: Rate, scope = name): Policy {
  return {
    name,
    quota: count,
    onWire: `"${name}";q=${String(count)};w=${String(windowSeconds)}`,
    tickMs: (windowSeconds * 1000) / TICKS_A_WINDOW,
    scope: `${scope} ${String(count)}/${String(windowSeconds)} `,
  };
}

/** On one name, from all networks together that have never logged in to it. On the wire it is no limit of its own. */
export const STRANGERS = policyOf('login-account', toRate('100/h'), 'login-strangers');
