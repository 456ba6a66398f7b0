import { setImmediate as nextTurn } from 'node:timers/promises';

/** What answers under way may take of one turn of the event loop, all together. */
const SHARE_MS = 10;

let hasBegun = false;
let beganAt = 0;

/**
 * Returns what waits for the next turn of the event loop where answers have had their share of this one. What comes word by word
 * without waiting for anything, such as a burst of a provider's, would otherwise keep out everybody else until its end.
 */
export function fairShare(): Promise<void> | undefined {
  const now = performance.now();
  if (!hasBegun) {
    [hasBegun, beganAt] = [true, now];
    setImmediate(() => (hasBegun = false));
  }
  return now - beganAt >= SHARE_MS ? nextTurn() : undefined;
}
