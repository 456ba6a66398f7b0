import { afterEach, beforeEach, jest } from '@jest/globals';

/**
 * Replaces the timer that runs every `periodMs` during each test of the `describe` block. The test itself starts its
 * rounds.
 */
export function captureTimer(periodMs: number) {
  const mocks: { mockRestore(): void }[] = [];
  const timer = { isRunning: false, tick: (): void => undefined };
  beforeEach(() => {
    const [start, stop] = [globalThis.setInterval, globalThis.clearInterval];
    const captured = { unref: () => captured } as NodeJS.Timeout;
    const startOr = (round: () => void, everyMs?: number) => {
      if (everyMs !== periodMs) return start(round, everyMs);
      Object.assign(timer, { isRunning: true, tick: round });
      return captured;
    };
    const stopOr = (stopped?: NodeJS.Timeout | string | number) => {
      if (stopped === captured) timer.isRunning = false;
      else stop(stopped);
    };
    timer.isRunning = false;
    mocks.push(
      jest.spyOn(globalThis, 'setInterval').mockImplementation(startOr),
      jest.spyOn(globalThis, 'clearInterval').mockImplementation(stopOr),
    );
  });
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });
  return timer;
}
