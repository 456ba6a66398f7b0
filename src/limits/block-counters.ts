import { BoundedMap } from './bounded-map.js';
import { Counters, type CountResult } from './counters.js';
import type { Policy } from './policy.js';

const KEYS_MAX = 50_000;
/** A block is at most 1/20 of the quota. What one process takes and does not use is lost to the others. */
const BLOCKS_PER_QUOTA_MIN = 20;
/** The first block of a tick is at most half of that, because nothing shows yet whether it will be used. */
const FIRST_BLOCKS_PER_QUOTA_MIN = 2 * BLOCKS_PER_QUOTA_MIN;

/** A number of requests that a process has taken in advance for a key, and can grant without the shared counters. */
interface Block {
  unused: number;
  size: number;
  /** How many were granted in the tick of the block. */
  used: number;
  /** What the shared counters had left when they granted the block. */
  remaining: number;
  /** When the shared counters were asked for it. */
  sentAt: number;
  /** When the tick ends in which the block was counted. It can only be used until then. */
  endsAt: number;
  resetsAt: number;
  /** Number of callers that wait for more. */
  waiting: number;
  pendingFill: Promise<CountResult> | undefined;
}

/**
 * Takes from shared counters in blocks, so that most reads of a busy caller need no query. A block starts with the
 * size that the caller used in the tick before, and grows with the caller's use. It ends with the tick (a tenth of
 * the window) in which it was counted. So a window never grants more than its quota, and a caller that reads rarely
 * takes one at a time.
 */
export class BlockCounters extends Counters {
  private readonly blocks = new BoundedMap<Block>(KEYS_MAX);

  constructor(
    private readonly shared: Counters,
    private readonly now: () => number = () => performance.now(),
  ) {
    super();
  }

  override take(policy: Policy, key: string): CountResult | Promise<CountResult> {
    const block = this.find(policy.scope + key);
    if (block.unused > 0 && this.now() < block.endsAt) return this.grantFromBlock(block);
    return this.takeMore(policy, key, block);
  }

  private find(key: string): Block {
    const known = this.blocks.get(key);
    if (known) return known;
    const none = { unused: 0, size: 0, used: 0, remaining: 0, sentAt: 0, endsAt: 0, resetsAt: 0 };
    const block: Block = { ...none, waiting: 0, pendingFill: undefined };
    this.blocks.set(key, block);
    return block;
  }

  private async takeMore(policy: Policy, key: string, block: Block): Promise<CountResult> {
    const arrivedAt = this.now();
    block.waiting += 1;
    try {
      for (;;) {
        const countResult = await (block.pendingFill ??= this.fill(policy, key, block));
        // The tick may have ended before the answer came. The caller was counted in it all the same, if it waited by then.
        const isCounted = arrivedAt <= block.sentAt || arrivedAt < block.endsAt;
        if (block.unused > 0 && isCounted) return this.grantFromBlock(block);
        if (countResult.granted === 0) return countResult;
      }
    } finally {
      block.waiting -= 1;
    }
  }

  private async fill(policy: Policy, key: string, block: Block): Promise<CountResult> {
    const sentAt = this.now();
    block.size = Math.max(this.sizeOf(block, policy, sentAt), 1);
    if (sentAt >= block.endsAt) block.used = 0;
    try {
      const countResult = await this.shared.take(policy, key, block.size);
      block.unused = countResult.granted;
      block.remaining = countResult.remaining;
      block.sentAt = sentAt;
      block.endsAt = sentAt + countResult.tickEndsInMs;
      block.resetsAt = sentAt + countResult.resetMs;
      return countResult;
    } finally {
      block.pendingFill = undefined;
    }
  }

  private sizeOf(block: Block, { quota, tickMs }: Policy, now: number): number {
    const isFirst = now >= block.endsAt;
    const expected = now < block.endsAt + tickMs ? block.used : 0;
    const wanted = Math.max(isFirst ? expected : 2 * block.size, block.waiting);
    const parts =
      isFirst && wanted > block.waiting ? FIRST_BLOCKS_PER_QUOTA_MIN : BLOCKS_PER_QUOTA_MIN;
    return Math.min(Math.floor(quota / parts), wanted);
  }

  private grantFromBlock(block: Block): CountResult {
    block.unused -= 1;
    block.used += 1;
    const now = this.now();
    return {
      granted: 1,
      remaining: block.remaining + block.unused,
      resetMs: block.resetsAt - now,
      tickEndsInMs: block.endsAt - now,
    };
  }
}
