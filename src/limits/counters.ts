import type { Policy } from './policy.js';

/** What was asked of a counter, and how it stands. */
export interface Taken {
  /** 0 to what was wanted. */
  readonly granted: number;
  readonly remaining: number;
  /** Until a part of what is used is free again. */
  readonly resetMs: number;
  /** Until the tenth of the window ends in which this was counted. */
  readonly tickEndsInMs: number;
}

/** Counts by key. Whatever is granted counts for at least a window, and at most a tenth longer. */
export abstract class Counters {
  /** Takes up to `wanted` of what the key has left. Rejects where nothing can be counted. */
  abstract take(policy: Policy, key: string, wanted: number): Taken | Promise<Taken>;
}
