import { jestExpect } from '@jest/expect';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/**
 * Returns Jest's `each`, which fails for an empty table. Where PostgreSQL does not start, a table of databases may be
 * empty, and nothing runs for it.
 */
const eachOf =
  (block) =>
  (rows, ...words) =>
    rows.length > 0 || process.env.TEST_POSTGRES_URL !== undefined
      ? block.each(rows, ...words)
      : (title) => globalThis.it.skip(`${title} (skipped: nothing to run it on)`, () => undefined);

/**
 * Calls the function that `find` returns for the current file. Jest makes new functions for each file, and modules of
 * `test/support` are loaded once.
 */
const ofThisFile = (find) =>
  new Proxy(() => undefined, {
    apply: (_, self, words) => find().apply(self, words),
    get: (_, property) => {
      if (property === 'each') return eachOf(find());
      return property === 'skip' ? ofThisFile(() => find().skip) : find()[property];
    },
  });

export const afterAll = ofThisFile(() => globalThis.afterAll);
export const afterEach = ofThisFile(() => globalThis.afterEach);
export const beforeAll = ofThisFile(() => globalThis.beforeAll);
export const beforeEach = ofThisFile(() => globalThis.beforeEach);
export const describe = ofThisFile(() => globalThis.describe);
export const it = ofThisFile(() => globalThis.it);
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
