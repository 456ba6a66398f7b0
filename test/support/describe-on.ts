import { describe } from '@jest/globals';
import { databaseKinds, type DatabaseKind } from './databases.js';

/**
 * `describe` for the long suites. Each database has its own file, so that two workers can share them. If the
 * database does not start, the suite is skipped and its title says why.
 */
export function describeOn(
  kind: DatabaseKind,
  title: string,
  suite: (kind: DatabaseKind) => void,
): void {
  if (databaseKinds.includes(kind)) {
    describe(`${title} on ${kind}`, () => {
      suite(kind);
    });
    return;
  }
  describe.skip(`${title} on ${kind} (skipped: ${kind} does not start here)`, () => {
    suite(kind);
  });
}
