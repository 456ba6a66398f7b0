import { jestExpect } from '@jest/expect';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/**
 * Calls the function of the current file. Jest makes new functions for each file, and modules of `test/support` are
 * loaded once.
 */
const ofThisFile = (name) =>
  new Proxy(() => undefined, {
    apply: (_, self, words) => globalThis[name].apply(self, words),
    get: (_, property) => globalThis[name][property],
  });

export const afterAll = ofThisFile('afterAll');
export const afterEach = ofThisFile('afterEach');
export const beforeAll = ofThisFile('beforeAll');
export const beforeEach = ofThisFile('beforeEach');
export const describe = ofThisFile('describe');
export const it = ofThisFile('it');
export const expect = jestExpect;

const clock = new ModernFakeTimers({ config: { fakeTimers: {} }, global: globalThis });
const mocks = new ModuleMocker(globalThis);

/** The part of Jest's own object that specs use. */
export const jest = {
  useFakeTimers: (options) => clock.useFakeTimers(options),
  useRealTimers: () => clock.useRealTimers(),
  advanceTimersByTime: (ms) => clock.advanceTimersByTime(ms),
  getTimerCount: () => clock.getTimerCount(),
  spyOn: (...names) => mocks.spyOn(...names),
  restoreAllMocks: () => mocks.restoreAllMocks(),
};
