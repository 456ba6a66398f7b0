import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { BatchQueue } from './batch-queue.js';

/** Makes a queue whose batches end only when the test ends them. */
function queueOf(limits: ConstructorParameters<typeof BatchQueue>[1]) {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const stalled: number[][] = [];
  const queue = new BatchQueue<number>((take, onStalled) => {
    const batch = take();
    batches.push(batch);
    onStalled(() => stalled.push(batch));
    return new Promise((resolve) => ends.push(resolve));
  }, limits);
  return { queue, batches, ends, stalled };
}

const turn = () => new Promise(setImmediate);

describe('BatchQueue', () => {
  it('puts simultaneous items into one batch and later items into the next batch', async () => {
    const { queue, batches, ends } = queueOf({ batchMax: 2 });
    for (const item of [1, 2, 3, 4]) queue.add(item);
    await turn();
    expect(batches).toEqual([[1, 2]]);
    ends.shift()?.();
    await turn();
    expect(batches).toEqual([
      [1, 2],
      [3, 4],
    ]);
    ends.shift()?.();
    await queue.idle();
    expect(batches).toHaveLength(2);
  });

  it('refuses an item past its bound and processes the others', async () => {
    const { queue, batches, ends } = queueOf({ batchMax: 10, waitingMax: 2 });
    queue.add(1);
    queue.add(2);
    expect(() => {
      queue.add(3);
    }).toThrow('Too many requests are waiting.');
    await turn();
    expect(batches).toEqual([[1, 2]]);
    ends.shift()?.();
    await queue.idle();
  });

  it('starts the next batch while one is stalled, and reports the stalled one', async () => {
    const { queue, batches, ends, stalled } = queueOf({ batchMax: 1, stallTimeoutMs: 30 });
    queue.add(1);
    queue.add(2);
    await turn();
    expect(batches).toEqual([[1]]);
    await until(() => batches.length === 2);
    expect(batches).toEqual([[1], [2]]);
    expect(stalled).toEqual([[1]]);
    for (const end of ends) end();
    await queue.idle();
  });

  it('is idle when the last batch has ended, and overlaps no batches without a time limit', async () => {
    const { queue, batches, ends } = queueOf({ batchMax: 1 });
    let isIdle = false;
    queue.add(1);
    queue.add(2);
    expect(queue.depth).toBe(2);
    const idle = queue.idle().then(() => (isIdle = true));
    await sleep(20);
    expect([batches, queue.depth, isIdle]).toEqual([[[1]], 1, false]);
    ends.shift()?.();
    await turn();
    expect([batches, queue.depth, isIdle]).toEqual([[[1], [2]], 0, false]);
    ends.shift()?.();
    await idle;
  });

  it('does not report a batch that ended in time as stalled', async () => {
    let stalled = 0;
    const work = async (take: () => number[], onStalled: (tell: () => void) => void) => {
      onStalled(() => (stalled += 1));
      await Promise.resolve(take());
    };
    const queue = new BatchQueue(work, { batchMax: 1, stallTimeoutMs: 1 });
    queue.add(1);
    await queue.idle();
    await sleep(20);
    expect(stalled).toBe(0);
  });
});
