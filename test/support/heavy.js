/**
 * Files that only run with TEST_EFFORT=full: installs, other versions of Node, screenshots, and files that a light
 * run covers on one database.
 */
export const HEAVY = [
  'test/processes/commands.postgres.spec.ts',
  'test/processes/caps.sqlite.spec.ts',
  'test/processes/production.spec.ts',
  'test/processes/transfer.spec.ts',
  'test/processes/node-versions.spec.ts',
  'test/http/heavy-requests.spec.ts',
  'test/openapi/generated-clients.spec.ts',
  'test/pages/web-pictures.spec.ts',
];
