import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { LongReads } from './long-reads.js';

const WAIT_MS = 60_000;
const { signal } = new AbortController();
const turn = () => new Promise(setImmediate);

describe('LongReads', () => {
  it('pauses after each step for as long as the step took while other requests are open', async () => {
    const longReads = new LongReads(WAIT_MS, () => 2);
    const begun: number[] = [];
    const ended: number[] = [];
    const step = async () => {
      begun.push(performance.now());
      await sleep(30);
      ended.push(performance.now());
    };
    await longReads.runForOwner('ada', signal, async () => {
      for (let n = 0; n < 3; n += 1) await longReads.runStep(signal, step);
    });
    for (const n of [0, 1]) {
      const tookMs = (ended[n] ?? NaN) - (begun[n] ?? NaN);
      // A timer may end a millisecond early.
      expect((begun[n + 1] ?? NaN) - (ended[n] ?? NaN)).toBeGreaterThanOrEqual(tookMs - 2);
    }
  });

  it('does not pause for the other long reads', async () => {
    const longReads = new LongReads(WAIT_MS, () => 2);
    const steps: string[] = [];
    const step = (name: string, ms: number) =>
      longReads.runStep(signal, async () => {
        steps.push(name);
        await sleep(ms);
      });
    const bob = longReads.runForOwner('bob', signal, () => sleep(200));
    await longReads.runForOwner('ada', signal, async () => {
      await step('first', 50);
      void step('second', 0);
      await turn();
      expect(steps).toEqual(['first', 'second']);
    });
    await bob;
  });

  it('pauses also after a step that fails, and not after one that did not begin', async () => {
    const longReads = new LongReads(WAIT_MS, () => 1);
    const begun: string[] = [];
    const step = (name: string, of = signal) =>
      longReads.runStep(of, async () => {
        begun.push(name);
        await sleep(50);
        throw new Error(name);
      });
    const leaving = step('left', AbortSignal.abort());
    const first = step('first');
    await expect(leaving).resolves.toBeUndefined();
    await turn();
    expect(begun).toEqual(['first']);
    await expect(first).rejects.toThrow('first');
    const second = step('second');
    await turn();
    expect(begun).toEqual(['first']);
    await expect(second).rejects.toThrow('second');
  });

  describe('reads in steps', () => {
    const longReads = new LongReads(WAIT_MS, () => 1);

    /** Reads two numbers in each step, up to `newest`. Leaves after the step that ends with `leaveAfter`. */
    async function readUp(first: number | undefined, newest: number, leaveAfter = NaN) {
      const caller = new AbortController();
      const asked: number[] = [];
      const steps = longReads.steps(caller.signal, first, (after: number) => {
        asked.push(after);
        const end = Math.min(after + 2, newest);
        return Promise.resolve({ end, last: end < newest ? end : undefined });
      });
      const ends: number[] = [];
      for await (const { end } of steps) {
        ends.push(end);
        if (end === leaveAfter) caller.abort();
      }
      return { asked, ends };
    }

    it('that begin where the step before ended, until the last one', async () => {
      expect(await readUp(0, 5)).toEqual({ asked: [0, 2, 4], ends: [2, 4, 5] });
      expect(await readUp(0, 4)).toEqual({ asked: [0, 2], ends: [2, 4] });
    });

    it('and none if there is nothing to read', async () => {
      expect(await readUp(undefined, 5)).toEqual({ asked: [], ends: [] });
    });

    it('and none after the caller has left', async () => {
      expect(await readUp(0, 5, 2)).toEqual({ asked: [0], ends: [2] });
    });
  });
});
