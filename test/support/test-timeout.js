/**
 * How long one test may take. Ten times the duration of the slowest one on an idle machine, and more than `until.ts`
 * waits for one condition.
 */
export const TEST_TIMEOUT_MS = 120_000;
