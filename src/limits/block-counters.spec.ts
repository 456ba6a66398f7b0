import { describe, expect, it } from '@jest/globals';
import { BlockCounters } from './block-counters.js';
import { Counters } from './counters.js';
import { MemoryCounters } from './memory-counters.js';
import { policyOf, type Policy } from './policy.js';

/** Shared counters of several processes. Each process has its own blocks, and all use one clock. */
class Shared extends Counters {
  asked = 0;
  ms = 0;
  private readonly counters = new MemoryCounters(1000, () => this.ms);

  override take(policy: Policy, key: string, wanted: number) {
    this.asked += 1;
    return Promise.resolve(this.counters.take(policy, key, wanted));
  }

  peer(): BlockCounters {
    return new BlockCounters(this, () => this.ms);
  }
}

/** Returns how many of `count` reads in a row are granted. */
async function read(blocks: BlockCounters, policy: Policy, count: number): Promise<number> {
  let granted = 0;
  for (let n = 0; n < count; n += 1) granted += (await blocks.take(policy, 'ada')).granted;
  return granted;
}

describe('counters in blocks', () => {
  it('query once per tick for a caller with a steady rate of reads', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 100_000, windowSeconds: 1 });
    expect(await read(blocks, policy, 7)).toBe(7);
    expect(shared.asked).toBe(3); // 1, 2 and 4
    for (let tick = 1; tick <= 20; tick += 1) {
      shared.ms = tick * policy.tickMs;
      expect(await read(blocks, policy, 7)).toBe(7);
    }
    expect(shared.asked).toBe(3 + 20);
  });

  it('lose at most a fortieth of the count for a caller whose reads become fewer', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    await read(blocks, policy, 100);
    shared.ms = policy.tickMs;
    const before = shared.asked;
    expect((await blocks.take(policy, 'ada')).granted).toBe(1);
    expect(shared.asked).toBe(before + 1);
    const other = await shared.peer().take(policy, 'ada');
    // The hundred reads, the rest of the block that was open at that moment, and the block of the other process.
    expect(other.remaining).toBeGreaterThanOrEqual(600 - 100 - 30 - 600 / 40 - 1);
    // A caller that pauses starts with one again.
    shared.ms = 4 * policy.tickMs;
    const { remaining } = await blocks.take(policy, 'ada');
    expect(remaining).toBe(other.remaining - 1);
  });

  it('never allow more than the count in any window, over three processes', async () => {
    const shared = new Shared();
    const processes = [shared.peer(), shared.peer(), shared.peer()];
    const policy = policyOf('read', { count: 90, windowSeconds: 1 });
    const passed: number[] = [];
    for (let step = 0; step < 600; step += 1) {
      shared.ms += (step * 7919) % 23;
      const blocks = processes[(step * 31) % 3] as BlockCounters;
      const granted = await read(blocks, policy, (step * 104729) % 9);
      passed.push(...Array<number>(granted).fill(shared.ms));
    }
    const most = Math.max(
      ...passed.map((from) => passed.filter((at) => at >= from && at < from + 1000).length),
    );
    expect(most).toBeLessThanOrEqual(90);
    expect(most).toBeGreaterThan(60);
  });
});
