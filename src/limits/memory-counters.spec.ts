import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { byEffort } from '../../test/support/effort.js';
import { seed } from '../../test/support/seeded-random.js';
import { MemoryCounters } from './memory-counters.js';
import { policyOf } from './policy.js';

const WINDOW_MS = 60_000;
const ADDRESSES = byEffort({ light: 200_000, full: 1_000_000 });
const five = policyOf('five', { count: 5, windowSeconds: 60 });

/** Makes counters with a clock that the test sets. */
function stage(keysMax?: number) {
  const clock = { now: 1_234_567 };
  return { clock, counters: new MemoryCounters(keysMax, () => clock.now) };
}

describe('MemoryCounters', () => {
  it('allows the quota at once, and then nothing for one window', () => {
    const { clock, counters } = stage();
    const all = Array.from({ length: 8 }, () => counters.take(five, 'a', 1));
    expect(all.map(({ granted }) => granted)).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
    expect(all.map(({ remaining }) => remaining)).toEqual([4, 3, 2, 1, 0, 0, 0, 0]);
    clock.now += WINDOW_MS - 1;
    expect(counters.take(five, 'a', 1).granted).toBe(0);
    expect(counters.take(five, 'b', 1).granted).toBe(1);
  });

  it('reports when requests are allowed again, at most a tenth of the window too late', () => {
    const { clock, counters } = stage();
    for (let n = 0; n < 5; n += 1) counters.take(five, 'a', 1);
    const { granted, resetMs } = counters.take(five, 'a', 1);
    expect(granted).toBe(0);
    expect(resetMs).toBeGreaterThan(WINDOW_MS);
    expect(resetMs).toBeLessThanOrEqual(WINDOW_MS * 1.1);
    clock.now += resetMs - 1;
    expect(counters.take(five, 'a', 1).granted).toBe(0);
    clock.now += 1;
    expect(counters.take(five, 'a', 7).granted).toBe(5);
  });

  it('reports the end of the tick in which a request was counted', () => {
    const { clock, counters } = stage();
    clock.now = 6000 * 200 + 1500;
    expect(counters.take(five, 'a', 1).tickEndsInMs).toBe(4500);
  });

  it('uses the clock of the process, if no other is given', () => {
    const counters = new MemoryCounters();
    const granted = Array.from({ length: 6 }, () => counters.take(five, 'a', 1));
    expect(granted.map((taken) => taken.granted)).toEqual([1, 1, 1, 1, 1, 0]);
    expect(granted[5]?.resetMs).toBeLessThanOrEqual(WINDOW_MS * 1.1);
  });

  it('never allows more than the quota in any window, at any arrival times', () => {
    const steps = fc.array(
      fc.record({ wait: fc.nat(20_000), wanted: fc.integer({ min: 1, max: 4 }) }),
      {
        minLength: 20,
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const { clock, counters } = stage();
        const passed: number[] = [];
        for (const { wait, wanted } of all) {
          clock.now += wait;
          const { granted } = counters.take(five, 'a', wanted);
          for (let n = 0; n < granted; n += 1) passed.push(clock.now);
        }
        // A window grants too many if the sixth grant comes less than a window after the first.
        return passed.slice(5).every((at, index) => at - (passed[index] ?? 0) >= WINDOW_MS);
      }),
      { seed },
    );
  });

  it('keeps a bounded number of keys, and among them the exhausted ones', () => {
    const { counters } = stage();
    for (let n = 0; n < 6; n += 1) counters.take(five, 'flooder', 1);
    for (let n = 0; n < ADDRESSES; n += 1) counters.take(five, `address ${String(n)}`, 1);
    expect(counters.size).toBeLessThanOrEqual(100_000);
    expect(counters.take(five, 'flooder', 1).granted).toBe(0);
    expect(counters.take(five, 'newcomer', 1).granted).toBe(1);
  });

  it('forgets an exhausted key only if all keys are exhausted', () => {
    const { counters } = stage(20);
    for (let n = 0; n < 100; n += 1) counters.take(five, `address ${String(n)}`, 5);
    expect(counters.size).toBeLessThanOrEqual(20);
  });
});
