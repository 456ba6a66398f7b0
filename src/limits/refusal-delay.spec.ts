import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RefusalDelay } from './refusal-delay.js';

const WAITING_MAX = 50;
/** The first refusal is sent after a second, and each further one after this time. */
const [DELAY_MS, INTERVAL_MS] = [1000, 20];

const nextTurn = () => new Promise(setImmediate);

/** Replaces the clock and the one timer of the unit, so that no spec waits. */
const clock = {
  nowMs: 0,
  timers: [] as { at: number; run: () => void }[],

  async advanceTo(ms: number): Promise<void> {
    for (let timer = this.timers[0]; timer && timer.at <= ms; timer = this.timers[0]) {
      this.timers.shift();
      this.nowMs = timer.at;
      timer.run();
      await nextTurn();
    }
    this.nowMs = ms;
  },
};

/** Lets some refusals wait, and returns the names of those that were sent so far, in order. */
function stage(requestsMax = 5 * WAITING_MAX) {
  const refusals = new RefusalDelay({ requestsMax });
  const sent: string[] = [];
  /** Each is named by its caller and its number. */
  const refuse = (caller: string, count: number, first = 1) => {
    for (let n = first; n < first + count; n += 1)
      void refusals.wait(caller).then(() => sent.push(`${caller} ${String(n)}`));
  };
  const callersSent = () => sent.map((name) => name.split(' ', 1)[0]);
  return { refusals, refuse, sent, callersSent };
}

describe('RefusalDelay', () => {
  const mocks: { mockRestore(): void }[] = [];

  beforeEach(() => {
    Object.assign(clock, { nowMs: 5000, timers: [] });
    const start = ((run: () => void, ms: number) => {
      const timer = { at: clock.nowMs + ms, run };
      clock.timers.push(timer);
      return timer;
    }) as unknown as typeof setTimeout;
    mocks.push(
      jest.spyOn(performance, 'now').mockImplementation(() => clock.nowMs),
      jest.spyOn(globalThis, 'setTimeout').mockImplementation(start),
    );
  });
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });

  it('sends a refusal after a second, and the others one by one', async () => {
    const { refuse, sent } = stage();
    refuse('one', 3);
    await clock.advanceTo(5000 + DELAY_MS - 1);
    expect(sent).toEqual([]);
    await clock.advanceTo(5000 + DELAY_MS);
    expect(sent).toEqual(['one 1']);
    await clock.advanceTo(5000 + DELAY_MS + INTERVAL_MS);
    expect(sent).toEqual(['one 1', 'one 2']);
    await clock.advanceTo(5000 + DELAY_MS + 2 * INTERVAL_MS);
    expect(sent).toEqual(['one 1', 'one 2', 'one 3']);
  });

  it('sends no refusal before its own second is over', async () => {
    const { refuse, sent } = stage();
    refuse('one', 1);
    await clock.advanceTo(5500);
    refuse('one', 1, 2);
    refuse('other', 1);
    await clock.advanceTo(5500 + DELAY_MS - 1);
    expect(sent).toEqual(['one 1']);
    await clock.advanceTo(5500 + DELAY_MS + 2 * INTERVAL_MS);
    expect(sent).toEqual(['one 1', 'other 1', 'one 2']);
  });

  it('has no timer and no line while no refusal waits, and starts again', async () => {
    const { refusals, refuse, sent } = stage();
    refuse('one', 1);
    await clock.advanceTo(10_000);
    expect([sent, clock.timers, refusals['lines'].size]).toEqual([['one 1'], [], 0]);
    refuse('two', 1);
    await clock.advanceTo(10_000 + DELAY_MS - 1);
    expect(sent).toEqual(['one 1']);
    await clock.advanceTo(10_000 + DELAY_MS);
    expect(sent).toEqual(['one 1', 'two 1']);
  });

  it('sends the refusals of all callers in turn, so that one does not wait for the many refusals of another', async () => {
    const { refuse, sent, callersSent } = stage();
    refuse('flood', 30);
    refuse('honest', 1);
    refuse('other', 2);
    await clock.advanceTo(10_000);
    expect(sent).toHaveLength(33);
    expect(callersSent().slice(0, 6)).toEqual([
      ...['flood', 'honest', 'other'],
      ...['flood', 'other', 'flood'],
    ]);
  });

  it('gives places of the caller with the most refusals to others, if all places are taken', async () => {
    const { refuse, sent, callersSent } = stage();
    refuse('few', 2);
    refuse('flood', WAITING_MAX - 2);
    await nextTurn();
    expect(sent).toEqual([]);
    // The flood itself gets no more places, and others do.
    refuse('flood', 2, 101);
    await nextTurn();
    expect(sent).toEqual(['flood 101', 'flood 102']);
    refuse('honest', 2);
    await nextTurn();
    expect(sent).toEqual(['flood 101', 'flood 102', 'flood 1', 'flood 2']);
    await clock.advanceTo(10_000);
    expect(callersSent().lastIndexOf('few')).toBeLessThan(10);
    expect(callersSent().lastIndexOf('honest')).toBeLessThan(10);
    expect(callersSent().filter((caller) => caller === 'flood')).toHaveLength(WAITING_MAX);
  });

  it('shares the places among callers, so that a flood from many networks takes no more than them', async () => {
    const { refuse, sent } = stage();
    for (let n = 0; n < WAITING_MAX; n += 1) refuse(`network${String(n)}`, 1);
    // All have one. The next one has as many as the others only after it has waited, so it is sent at once.
    refuse('network0', 1, 2);
    await nextTurn();
    expect(sent).toEqual(['network0 2']);
    await clock.advanceTo(10_000);
    expect(sent).toHaveLength(WAITING_MAX + 1);
  });

  it.each([
    ['a thousand refusals wait at most', 1_000_000, 1000],
    ['a fifth of the requests', 54, 10],
    ['none, if so few requests are allowed', 4, 0],
  ])('has a bound: %s', async (_, requestsMax, places) => {
    const { refuse, sent } = stage(requestsMax);
    refuse('one', places);
    await nextTurn();
    expect(sent).toEqual([]);
    refuse('one', 1, places + 1);
    await nextTurn();
    expect(sent).toEqual([`one ${String(places + 1)}`]);
  });

  it('sends twenty refusals of a caller in a second at once, and delays the others', async () => {
    const { refusals } = stage();
    const delays = (caller: string, count: number) =>
      Array.from({ length: count }, () => refusals.delay(caller) !== undefined);
    expect(delays('flood', 22)).toEqual([...Array<boolean>(20).fill(false), true, true]);
    expect(delays('honest', 1)).toEqual([false]);
    await clock.advanceTo(5999);
    expect(delays('flood', 1)).toEqual([true]);
    await clock.advanceTo(6000);
    expect(delays('flood', 21)).toEqual([...Array<boolean>(20).fill(false), true]);
  });

  it('throws a refusal at once or after its delay', async () => {
    const { refusals } = stage();
    const thrown: unknown[] = [];
    const refuse = () =>
      refusals.refuse('one', new Error('no')).catch((error: unknown) => thrown.push(error));
    for (let n = 0; n < 21; n += 1) void refuse();
    await nextTurn();
    expect(thrown).toEqual(Array(20).fill(new Error('no')));
    await clock.advanceTo(5000 + DELAY_MS);
    expect(thrown).toHaveLength(21);
  });
});
