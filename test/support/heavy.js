/**
 * Files that only run with TEST_EFFORT=full, each with its seconds on two cores: installs, other versions of Node,
 * screenshots, and files that a light run covers on one database.
 */
const ONLY_HEAVY = {
  'test/processes/commands.postgres.spec.ts': 50,
  'test/http/heavy-requests.spec.ts': 60,
  'test/processes/caps.sqlite.spec.ts': 15,
  'test/processes/transfer.spec.ts': 40,
  'test/processes/production.spec.ts': 45,
  'test/openapi/generated-clients.spec.ts': 75,
  'test/processes/node-versions.spec.ts': 45,
  'test/pages/web-pictures.spec.ts': 10,
};

/** Files of a light run that kill a process more often with full effort. */
const KILLS = {
  'test/processes/crash.postgres.spec.ts': 130,
  'test/processes/crash.sqlite.spec.ts': 130,
};

const SECONDS = { ...KILLS, ...ONLY_HEAVY };

export const HEAVY = Object.keys(ONLY_HEAVY);

/** What `npm test -- --heavy` runs. `.ci/run` starts the files in this order, and skips the ones that might end too late. */
export const HEAVY_RUN = Object.keys(SECONDS);

/** On a slow machine, a file may take this many times as long. */
const SLOWEST = 2.5;

/** Returns the time that a file may take on a slow machine. Zero for a light file. */
export const longestMs = (path) => (SECONDS[path] ?? 0) * SLOWEST * 1000;
