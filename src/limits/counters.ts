import type { Policy } from './policy.js';

/** The result of taking from a counter. */
export interface CountResult {
  /** From 0 to the number that was wanted. */
  readonly granted: number;
  readonly remaining: number;
  /** Time until a part of the used quota is free again. */
  readonly resetMs: number;
  /** Time until the end of the tick (a tenth of the window) in which this was counted. */
  readonly tickEndsInMs: number;
}

/** Counts requests by key. A granted request counts for at least one window, and at most a tenth of it longer. */
export abstract class Counters {
  /** Takes up to `wanted` from the remaining quota of the key. Rejects if the counter cannot be reached. */
  abstract take(policy: Policy, key: string, wanted: number): CountResult | Promise<CountResult>;
}
