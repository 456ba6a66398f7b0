import { setImmediate as nextIteration } from 'node:timers/promises';

/** Time that all running answers together may use in one iteration of the event loop. */
const SHARE_MS = 10;

let hasBegun = false;
let beganAt = 0;

/**
 * Returns a promise for the next iteration of the event loop if the answers have used their share of this
 * one. Otherwise a burst of words that needs no waiting, for example from a fast provider, would block all
 * other requests until its end.
 */
export function waitForFairShare(): Promise<void> | undefined {
  const now = performance.now();
  if (!hasBegun) {
    [hasBegun, beganAt] = [true, now];
    setImmediate(() => (hasBegun = false));
  }
  return now - beganAt >= SHARE_MS ? nextIteration() : undefined;
}
