/** The longest time for which one request or one answer may block the event loop. */
export const BLOCKED_MAX_MS = 250;

/** Measures three times and returns the smallest result, because other programs make the rest larger. */
export async function leastOfThree(measure: () => number | Promise<number>): Promise<number> {
  return Math.min(await measure(), await measure(), await measure());
}

/** Returns how long the work takes without a pause, in ms. */
export function durationOf(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
