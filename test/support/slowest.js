/** The files that take longest, the longest first, as the end of a run prints them. */
export const SLOWEST_FIRST = [
  'test/processes/crash.postgres.spec.ts',
  'test/processes/crash.sqlite.spec.ts',
  'test/processes/operations.spec.ts',
  'test/processes/lost-process.spec.ts',
];
