import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { DatabaseFull, DatabaseNotAnswering } from '../../errors.js';
import { SECOND_MICROS, nowMicros } from '../../time.js';
import { LateSettlements } from './late-settlements.js';
import { until } from '../../../test/support/until.js';

const QUICK = { waitingMax: 2, callerWaitMs: 200, retryMinMs: 1, retryMaxMs: 5 };
/** The caller waits until the settlement is over. */
const PATIENT = { ...QUICK, callerWaitMs: 60_000 };
const MINUTE = 60 * SECOND_MICROS;

/** A settlement whose first `failures` attempts fail. */
class Settlement {
  attempts = 0;
  givenUp = 0;
  constructor(
    private failures: number,
    private readonly error: Error = new DatabaseNotAnswering(),
  ) {}

  readonly attempt = async (): Promise<string> => {
    await sleep(0);
    this.attempts += 1;
    if (this.attempts <= this.failures) throw this.error;
    return 'settled';
  };

  heal(): void {
    this.failures = 0;
  }

  readonly giveUp = async (): Promise<void> => {
    await sleep(0);
    this.givenUp += 1;
  };
}

describe('LateSettlements', () => {
  const settle = (late: LateSettlements, one: Settlement, lifetime = MINUTE) =>
    late.settle(one.attempt, nowMicros() + lifetime, one.giveUp);

  it('tries again until the database accepts it, while the caller waits', async () => {
    const one = new Settlement(4);
    expect(await settle(new LateSettlements(PATIENT), one)).toBe('settled');
    expect([one.attempts, one.givenUp]).toEqual([5, 0]);
  });

  it('leaves no timer behind when it is settled', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
    const before = timers().length;
    expect(await settle(new LateSettlements(PATIENT), new Settlement(1))).toBe('settled');
    expect(timers().length).toBeLessThanOrEqual(before);
  });

  it('begins with the shortest pause and doubles it, so that a short outage ends soon', async () => {
    const limits = { ...PATIENT, retryMinMs: 0.000_01, retryMaxMs: 600_000 };
    expect(await settle(new LateSettlements(limits), new Settlement(6))).toBe('settled');
  });

  it.each([
    ['half', 0, 300],
    ['all', 0.9999, 600],
  ])(
    'waits for half of a pause at least and all of it at most, by chance: %s',
    async (_, chance, pauseMs) => {
      const random = jest.spyOn(Math, 'random').mockReturnValue(chance);
      const limits = { ...PATIENT, retryMinMs: 600, retryMaxMs: 600 };
      let attempts = 0;
      const attempt = () => {
        attempts += 1;
        return attempts === 1
          ? Promise.reject(new DatabaseNotAnswering())
          : Promise.resolve('done');
      };
      // Timers fire in the order of their times. These are started at about the same moment.
      const before = sleep(0.8 * pauseMs).then(() => attempts);
      const after = sleep(1.3 * pauseMs).then(() => attempts);
      const late = new LateSettlements(limits);
      const settled = late.settle(attempt, nowMicros() + MINUTE, () => Promise.resolve());
      expect([await before, await after, await settled]).toEqual([1, 2, 'done']);
      random.mockRestore();
    },
  );

  it('continues without the caller, who gets a 503 in the end', async () => {
    const late = new LateSettlements(QUICK);
    const one = new Settlement(Infinity);
    await expect(settle(late, one)).rejects.toBeInstanceOf(DatabaseNotAnswering);
    expect([late.depth, one.givenUp]).toEqual([1, 0]);
    one.heal();
    await until(() => late.depth === 0);
    expect(one.givenUp).toBe(0);
  });

  it('waits for the database by default', async () => {
    expect(await settle(new LateSettlements(), new Settlement(1))).toBe('settled');
  });

  it('gives up at once on any other failure', async () => {
    const one = new Settlement(1, new Error('a bug'));
    await expect(settle(new LateSettlements(QUICK), one)).rejects.toThrow('a bug');
    expect([one.attempts, one.givenUp]).toEqual([1, 1]);
  });

  it('gives up when the hold has expired', async () => {
    const one = new Settlement(Infinity);
    const late = settle(new LateSettlements(QUICK), one, 0);
    await expect(late).rejects.toBeInstanceOf(DatabaseNotAnswering);
    expect([one.attempts, one.givenUp]).toEqual([2, 1]);
  });

  it('keeps no more settlements than its limit', async () => {
    const late = new LateSettlements(QUICK);
    const waiting = [new Settlement(Infinity), new Settlement(Infinity)];
    const outcomes = Promise.allSettled(waiting.map((one) => settle(late, one)));
    await until(() => late.depth === 2);
    const third = new Settlement(Infinity, new DatabaseFull());
    await expect(settle(late, third)).rejects.toBeInstanceOf(DatabaseFull);
    expect([third.attempts, third.givenUp]).toEqual([1, 1]);
    for (const one of waiting) one.heal();
    await outcomes;
  });

  it('tries once more when the process stops, and does not wait for the result', async () => {
    const late = new LateSettlements({ ...PATIENT, retryMinMs: 60_000, retryMaxMs: 60_000 });
    const [taken, refused] = [new Settlement(1), new Settlement(Infinity)];
    const outcomes = Promise.allSettled([settle(late, taken), settle(late, refused)]);
    await until(() => late.depth === 2);
    await late.onModuleDestroy();
    expect(await outcomes).toMatchObject([{ value: 'settled' }, { status: 'rejected' }]);
    expect([refused.attempts, refused.givenUp]).toEqual([2, 1]);
  });
});
