import { describe, expect, it } from '@jest/globals';
import type { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { DatabaseBusy } from '../../src/errors.js';
import { CounterSweeper } from '../../src/limits/counter-sweeper.js';
import { MemoryCounters } from '../../src/limits/memory-counters.js';
import { PostgresCounters } from '../../src/limits/postgres-counters.js';
import { captureLog } from '../support/captured-log.js';
import { captureTimer } from '../support/captured-timer.js';

/** Counters whose sweeps end like this. */
class Swept extends PostgresCounters {
  sweeps = 0;

  constructor(private readonly outcome: () => Promise<void>) {
    super({} as UnitOfWork);
  }

  override sweep(): Promise<void> {
    this.sweeps += 1;
    return this.outcome();
  }
}

describe('CounterSweeper', () => {
  const logged = captureLog();
  const timer = captureTimer(600_000);

  it('removes expired counters every ten minutes until it stops', async () => {
    const counters = new Swept(() => Promise.resolve());
    const sweeper = new CounterSweeper(counters);
    expect(timer.isRunning).toBe(false);
    sweeper.onApplicationBootstrap();
    expect([timer.isRunning, counters.sweeps]).toEqual([true, 0]);
    timer.tick();
    timer.tick();
    expect(counters.sweeps).toBe(2);
    sweeper.onModuleDestroy();
    expect(timer.isRunning).toBe(false);
    await Promise.resolve();
    expect(logged).toEqual([]);
  });

  it.each([
    ['reports a failed sweep and continues', new Error('no such table'), 1],
    ['does not report an outage, which is logged elsewhere', new DatabaseBusy(), 0],
  ])('%s', async (_title, error, lines) => {
    const counters = new Swept(() => Promise.reject(error));
    const sweeper = new CounterSweeper(counters);
    sweeper.onApplicationBootstrap();
    timer.tick();
    await new Promise(setImmediate);
    expect(logged).toEqual(
      Array.from({ length: lines }, () => [
        'warn',
        'CounterSweeper',
        { err: error },
        'counters that have run out were not removed',
      ]),
    );
    expect(timer.isRunning).toBe(true);
    sweeper.onModuleDestroy();
  });

  it('does nothing for counters in memory, which are bounded', () => {
    const sweeper = new CounterSweeper(new MemoryCounters());
    sweeper.onApplicationBootstrap();
    expect(timer.isRunning).toBe(false);
    sweeper.onModuleDestroy();
  });
});
