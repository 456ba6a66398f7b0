import { describe, expect, it } from '@jest/globals';
import { BlockCounters } from './block-counters.js';
import { Counters } from './counters.js';
import { MemoryCounters } from './memory-counters.js';
import { policyOf, type Policy } from './policy.js';

/** Shared counters of several processes. Each process has its own blocks, and all use one clock. */
class Shared extends Counters {
  /** The size of each block that was asked for. */
  readonly asked: number[] = [];
  ms = 0;
  /** If set, blocks are granted when this resolves. */
  gate: Promise<void> | undefined;
  private readonly counters = new MemoryCounters(1000, () => this.ms);

  override async take(policy: Policy, key: string, wanted: number) {
    this.asked.push(wanted);
    const granted = this.counters.take(policy, key, wanted);
    await this.gate;
    return granted;
  }

  /** Grants no block until the returned function is called. */
  close(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      this.gate = undefined;
      open();
    };
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
    expect(shared.asked).toEqual([1, 2, 4]);
    for (let tick = 1; tick <= 20; tick += 1) {
      shared.ms = tick * policy.tickMs;
      expect(await read(blocks, policy, 7)).toBe(7);
    }
    expect(shared.asked).toEqual([1, 2, 4, ...Array<number>(20).fill(7)]);
  });

  it('lose at most a fortieth of the count for a caller whose reads become fewer', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    await read(blocks, policy, 100);
    shared.ms = policy.tickMs;
    const before = shared.asked.length;
    expect((await blocks.take(policy, 'ada')).granted).toBe(1);
    expect(shared.asked).toHaveLength(before + 1);
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

  it('grow to a twentieth of the count, and a first block of a tick to a fortieth', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    await read(blocks, policy, 75);
    expect(shared.asked).toEqual([1, 2, 4, 8, 16, 30, 30]);
    shared.ms = policy.tickMs;
    await read(blocks, policy, 16);
    expect(shared.asked.slice(7)).toEqual([15, 30]);
  });

  it('start with one again after a tick without reads', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    await read(blocks, policy, 7);
    shared.ms = 2 * policy.tickMs;
    await read(blocks, policy, 1);
    expect(shared.asked).toEqual([1, 2, 4, 1]);
  });

  it('show the limit as the shared counters do, also for reads that need no query', async () => {
    const shared = new Shared();
    shared.ms = 100;
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    await read(blocks, policy, 4);
    shared.ms = 2000;
    const counted = await blocks.take(policy, 'ada');
    expect(shared.asked).toEqual([1, 2, 4]);
    expect(counted).toEqual({ granted: 1, remaining: 595, resetMs: 64_000, tickEndsInMs: 4000 });
  });

  it('are of one caller and one limit only', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const rate = { count: 40, windowSeconds: 60 };
    const [policy, other] = [policyOf('read', rate), policyOf('read', rate, 'network')];
    expect(await read(blocks, policy, 41)).toBe(40);
    expect((await blocks.take(policy, 'bob')).remaining).toBe(39);
    expect((await blocks.take(other, 'ada')).remaining).toBe(39);
    expect((await blocks.take(policy, 'ada')).granted).toBe(0);
  });

  it('share one query among the callers who wait for it, and grant no more than it does', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 40, windowSeconds: 60 });
    const results = await Promise.all(
      Array.from({ length: 60 }, () => Promise.resolve(blocks.take(policy, 'ada'))),
    );
    expect(results.map(({ granted }) => granted).filter((granted) => granted === 1)).toHaveLength(
      40,
    );
    expect(results.filter(({ granted }) => granted === 0)).toHaveLength(20);
    // Blocks of at most a twentieth, and the one that is refused.
    expect(shared.asked.length).toBeLessThanOrEqual(1 + 20 + 1);
  });

  it('are as large as the number of callers who wait, also at the beginning of a tick', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    const open = shared.close();
    const waiting = Array.from({ length: 26 }, () => Promise.resolve(blocks.take(policy, 'ada')));
    shared.ms = policy.tickMs;
    open();
    await Promise.all(waiting);
    expect(shared.asked).toEqual([1, 25]);
  });

  it('are not used by callers who come when the tick of the block has ended', async () => {
    const shared = new Shared();
    const blocks = shared.peer();
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    await read(blocks, policy, 3);
    const open = shared.close();
    const early = blocks.take(policy, 'ada');
    shared.ms = policy.tickMs;
    const late = blocks.take(policy, 'ada');
    open();
    expect((await early).granted).toBe(1);
    expect((await late).granted).toBe(1);
    // The late one has its own block, although three of the four of the early one were not used.
    expect(shared.asked).toEqual([1, 2, 4, 4]);
  });

  it('grant what was counted for a caller, although its tick has ended when the answer comes', async () => {
    const asked: number[] = [];
    /** Grants all that is wanted, but stops after a hundred requests, so that a loop without end is seen. */
    class Late extends Counters {
      override take(_policy: Policy, _key: string, wanted: number) {
        asked.push(wanted);
        const granted = asked.length > 100 ? 0 : wanted;
        return { granted, remaining: 9, resetMs: 60_000, tickEndsInMs: -5 };
      }
    }
    const blocks = new BlockCounters(new Late(), () => 1000);
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    const first = await blocks.take(policy, 'ada');
    expect(first).toMatchObject({ granted: 1, remaining: 9 });
    expect(asked).toEqual([1]);
    // Nothing is left in advance for the callers of a later tick, but those who wait together share a query.
    const next = [1, 2, 3].map(() => Promise.resolve(blocks.take(policy, 'ada')));
    expect((await Promise.all(next)).map(({ granted }) => granted)).toEqual([1, 1, 1]);
    expect(asked).toEqual([1, 1, 2]);
  });

  it('use the clock of the process, if no other is given', async () => {
    const shared = new Shared();
    const blocks = new BlockCounters(shared);
    const policy = policyOf('read', { count: 600, windowSeconds: 60 });
    const { granted, resetMs } = await blocks.take(policy, 'ada');
    expect(granted).toBe(1);
    expect(resetMs).toBeLessThanOrEqual(66_000);
    expect(shared.asked).toEqual([1]);
  });
});
