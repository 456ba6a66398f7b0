import { BoundedMap } from './bounded-map.js';
import { Counters, type CountResult } from './counters.js';
import type { Policy } from './policy.js';
import { SlidingWindow } from './sliding-window.js';

/** About 30 MB at most. */
const KEYS_MAX = 100_000;

interface Entry {
  readonly window: SlidingWindow;
  readonly policy: Policy;
}

/**
 * Counters for the one process that serves an SQLite file. When there are too many, the least recently used ones
 * are dropped. Counters without remaining quota are dropped last, so that many requests from new addresses cannot
 * reset them.
 */
export class MemoryCounters extends Counters {
  private readonly entries: BoundedMap<Entry>;

  constructor(
    keysMax = KEYS_MAX,
    private readonly now: () => number = () => performance.now(),
  ) {
    super();
    this.entries = new BoundedMap(keysMax, ({ window, policy: { quota, tickMs } }) =>
      window.isFull(Math.floor(this.now() / tickMs), quota),
    );
  }

  get size(): number {
    return this.entries.size;
  }

  override take(policy: Policy, key: string, wanted: number): CountResult {
    const { quota, tickMs } = policy;
    const now = this.now();
    const tick = Math.floor(now / tickMs);
    const window = this.find(policy, policy.scope + key);
    const granted = window.take(tick, wanted, quota);
    return {
      granted,
      remaining: window.remaining(quota),
      resetMs: (window.nextFreeTick ?? tick) * tickMs - now,
      tickEndsInMs: (tick + 1) * tickMs - now,
    };
  }

  private find(policy: Policy, key: string): SlidingWindow {
    const known = this.entries.get(key);
    if (known) return known.window;
    const window = new SlidingWindow();
    this.entries.set(key, { window, policy });
    return window;
  }
}
