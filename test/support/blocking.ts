/** The longest time for which one request or one answer may block the event loop. */
export const BLOCKED_MAX_MS = 250;

/**
 * Measures for how long the event loop is blocked, in ms. Returns the smallest of at most `tries` results, because other
 * programs make the rest larger. The first that is short enough is the last.
 */
export async function leastBlockedMs(
  measure: () => number | Promise<number>,
  tries = 3,
): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < tries && least >= BLOCKED_MAX_MS; n += 1) {
    least = Math.min(least, await measure());
  }
  return least;
}

/** Returns how long the work takes without a pause, in ms. */
export function durationOf(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
