import { afterEach, beforeEach, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

const LEVELS = ['log', 'warn', 'error'] as const;

/**
 * Records what is logged during each test of the `describe` block: the level, the part of the service, and the
 * arguments.
 */
export function captureLog(): unknown[][] {
  const lines: unknown[][] = [];
  const mocks: { mockRestore(): void }[] = [];
  beforeEach(() => {
    lines.length = 0;
    for (const level of LEVELS) {
      const record = function (this: Logger, ...words: unknown[]) {
        lines.push([level, this['context'], ...words]);
      };
      mocks.push(jest.spyOn(Logger.prototype, level).mockImplementation(record));
    }
  });
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });
  return lines;
}
