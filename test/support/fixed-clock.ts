import { afterEach, beforeEach, jest } from '@jest/globals';

/** Stops the clock at this time (ms since 1970) during each test of the `describe` block. */
export function stopClockAt(timeMs: number): void {
  const mocks: { mockRestore(): void }[] = [];
  beforeEach(() => {
    mocks.push(jest.spyOn(Date, 'now').mockReturnValue(timeMs));
  });
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });
}
