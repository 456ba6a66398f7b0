import { beforeEach, describe, expect, it } from '@jest/globals';
import { FileMoved } from '../../src/database/sqlite/file-lease.js';
import type { ProcessLease } from '../../src/database/process-lease.js';
import type { Tx } from '../../src/database/transactions/tx.js';
import type { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { DatabaseBusy } from '../../src/errors.js';
import { SECOND_MICROS, nowMicros } from '../../src/time.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import type { HoldsService } from '../../src/wallet/holds/holds.service.js';
import type { OldRows } from '../../src/wallet/old-rows.js';
import type { OpenHolds } from '../../src/wallet/holds/open-holds.js';
import { releaseAfterFailure } from '../../src/wallet/holds/release-after-failure.js';
import { captureLog } from '../support/captured-log.js';
import { captureTimer } from '../support/captured-timer.js';
import { until } from '../support/until.js';

/** The parts that a sweep uses. They record the steps, and fail or wait where a test asks for it. */
class Parts {
  readonly steps: string[] = [];
  readonly failures: Record<string, Error> = {};
  /** What the steps of this name wait for. */
  readonly gates: Record<string, Promise<void>> = {};
  toExpire: string[] = [];
  unreleased: string[] = [];

  private async step(name: string): Promise<void> {
    this.steps.push(name);
    await this.gates[name];
    const failure = this.failures[name];
    if (failure) throw failure;
  }

  readonly units = {
    run: (work: (tx: Tx) => Promise<unknown>) => work({} as Tx),
  } as UnitOfWork;
  readonly lease = { renew: () => this.step('renew') } as ProcessLease;
  readonly holds = {
    release: (_, id, state) => this.step(`${id} ${state}`),
    releaseLater: (id) => this.unreleased.push(id),
    takeUnreleased: () => this.unreleased.splice(0),
  } as Pick<HoldsService, 'release' | 'releaseLater' | 'takeUnreleased'> as HoldsService;
  readonly open = { toExpire: () => this.step('find').then(() => this.toExpire) } as OpenHolds;
  readonly oldRows = { forget: () => this.step('forget') } as OldRows;

  readonly sweeper = new HoldSweeper(this.units, this.lease, this.holds, this.open, this.oldRows);
}

const FAILURE = new Error('refused');

describe('a round of the sweeper', () => {
  const lines = captureLog();
  const timer = captureTimer(2000);
  let parts: Parts;
  let sweeper: HoldSweeper;

  beforeEach(() => {
    parts = new Parts();
    ({ sweeper } = parts);
  });

  const ALL = ['renew', 'find', 'forget'];
  const isRecent = (moment: number | undefined) =>
    Math.abs((moment ?? 0) - nowMicros()) < 60 * SECOND_MICROS;

  it('releases what was left over, expires what it finds, and forgets old rows', async () => {
    Object.assign(parts, { unreleased: ['a', 'b'], toExpire: ['c', 'd'] });
    expect(sweeper.lastSweptAt).toBeUndefined();
    await sweeper.sweep();
    const released = ['a released', 'b released'];
    const expired = ['c expired', 'd expired'];
    expect(parts.steps).toEqual(['renew', ...released, 'find', ...expired, 'forget']);
    expect(lines).toEqual([['log', 'HoldSweeper', 'expired 2 holds']]);
    expect(parts.unreleased).toEqual([]);
    expect(isRecent(sweeper.lastSweptAt)).toBe(true);
  });

  it('logs nothing if it finds nothing', async () => {
    await sweeper.sweep();
    expect([parts.steps, lines]).toEqual([ALL, []]);
  });

  it('tries a release again in the next round, and resolves the other holds', async () => {
    parts.unreleased = ['a', 'b'];
    parts.failures['a released'] = FAILURE;
    await sweeper.sweep();
    expect(parts.steps).toEqual(['renew', 'a released', 'b released', 'find', 'forget']);
    expect(parts.unreleased).toEqual(['a']);
  });

  it.each([
    [
      'warns',
      FAILURE,
      [
        [
          'warn',
          'HoldSweeper',
          { err: FAILURE },
          'the lease is not renewed; the next sweep tries again',
        ],
      ],
    ],
    ['does not repeat the log of the outage', new DatabaseBusy(), []],
  ])('goes on without its lease, and %s', async (_, failure, logged) => {
    parts.failures['renew'] = failure;
    await sweeper.sweep();
    expect([parts.steps, lines]).toEqual([ALL, logged]);
  });

  it('ends if the file of the database was moved', async () => {
    parts.failures['renew'] = new FileMoved('moved');
    await expect(sweeper.sweep()).rejects.toThrow('moved');
    expect(parts.steps).toEqual(['renew']);
    expect(sweeper.lastSweptAt).toBeUndefined();
  });

  it('runs before the service starts, which a failure prevents', async () => {
    parts.failures['find'] = FAILURE;
    await expect(sweeper.start()).rejects.toBe(FAILURE);
    expect([timer.isRunning, sweeper.lastSweptAt]).toEqual([false, undefined]);
  });

  it('starts only when the last one has ended, also after a failure', async () => {
    await sweeper.start();
    let release: () => void = () => undefined;
    parts.gates['find'] = new Promise((resolve) => (release = resolve));
    parts.steps.length = 0;
    timer.tick();
    timer.tick();
    await until(() => parts.steps.includes('find'));
    timer.tick();
    expect(parts.steps).toEqual(['renew', 'find']);
    parts.failures['find'] = FAILURE;
    release();
    await until(() => lines.length > 0);
    expect(lines).toEqual([
      ['error', 'HoldSweeper', { err: FAILURE }, 'a sweep failed; the next one tries again'],
    ]);
    parts.failures['find'] = new DatabaseBusy();
    await until(() => {
      timer.tick();
      return parts.steps.length >= 4;
    });
    delete parts.failures['find'];
    await until(() => {
      timer.tick();
      return parts.steps.includes('forget');
    });
    expect(lines).toHaveLength(1);
  });

  it('is waited for when the service stops, and no other follows', async () => {
    await sweeper.start();
    let release: () => void = () => undefined;
    parts.gates['forget'] = new Promise((resolve) => (release = resolve));
    timer.tick();
    let isStopped = false;
    const stopped = sweeper.onModuleDestroy().then(() => (isStopped = true));
    expect(timer.isRunning).toBe(false);
    await until(() => parts.steps.filter((step) => step === 'forget').length === 2);
    expect(isStopped).toBe(false);
    release();
    await stopped;
  });
});

describe('the release of a hold after a failure', () => {
  const lines = captureLog();

  it.each([
    ['is all if it succeeds', undefined, [], []],
    [
      'is left to the next sweep, and logged',
      FAILURE,
      ['h'],
      [
        [
          'error',
          'ReleaseAfterFailure',
          { err: FAILURE, holdId: 'h' },
          'the hold was not released; the next sweep tries again',
        ],
      ],
    ],
    ['is left to the next sweep in an outage', new DatabaseBusy(), ['h'], []],
  ])('%s', async (_, failure, unreleased, logged) => {
    const parts = new Parts();
    if (failure) parts.failures['h released'] = failure;
    await releaseAfterFailure(parts.units, parts.holds, 'h');
    expect(parts.steps).toEqual(['h released']);
    expect([parts.unreleased, lines]).toEqual([unreleased, logged]);
  });
});
