/**
 * Files that only run with TEST_EFFORT=full: installs, other versions of Node, screenshots, and files that a light
 * run covers on one database. `.ci/run` starts them in this order, and skips the ones that it reaches too late.
 */
export const HEAVY = [
  'test/processes/commands.postgres.spec.ts',
  'test/http/heavy-requests.spec.ts',
  'test/processes/caps.sqlite.spec.ts',
  'test/processes/transfer.spec.ts',
  'test/processes/production.spec.ts',
  'test/openapi/generated-clients.spec.ts',
  'test/processes/node-versions.spec.ts',
  'test/pages/web-pictures.spec.ts',
];

/** What `npm test -- --heavy` runs: also the files of a light run that kill a process more often with full effort. */
export const HEAVY_RUN = [
  'test/processes/crash.postgres.spec.ts',
  'test/processes/crash.sqlite.spec.ts',
  ...HEAVY,
];
