/**
 * Files that only run with TEST_EFFORT=full, each with its seconds on two cores: installs, other versions of Node,
 * screenshots, other programs, a hundred thousand rows, and files that a light run covers on one database or in one
 * process (`test/keys/caps.spec.ts`).
 */
const ONLY_HEAVY = {
  'test/processes/caps.postgres.spec.ts': 20,
  'test/processes/commands.postgres.spec.ts': 50,
  'test/http/heavy-requests.spec.ts': 60,
  'test/processes/caps.sqlite.spec.ts': 15,
  'test/processes/transfer.spec.ts': 40,
  'test/processes/production.spec.ts': 45,
  'test/openapi/generated-clients.spec.ts': 75,
  'test/processes/node-versions.spec.ts': 45,
  'test/pages/web-pictures.spec.ts': 10,
  'test/conversations/long-history.postgres.spec.ts': 40,
  'test/conversations/long-history.sqlite.spec.ts': 40,
  'test/embeddings/large-embeddings.spec.ts': 15,
  'test/limits/processes.spec.ts': 15,
  'test/processes/second-process.spec.ts': 15,
  'test/processes/no-database.spec.ts': 15,
  'test/usage/long-usage.spec.ts': 10,
  'test/accounts/many-keys.spec.ts': 10,
  'test/ops/balancer.spec.ts': 10,
};

/** Files of a light run that kill a process more often with full effort. */
const KILLS = {
  'test/processes/crash.postgres.spec.ts': 130,
  'test/processes/crash.sqlite.spec.ts': 130,
};

/** Files of a light run, with the seconds of their heavy cases (`itAtFullEffort`). */
const SOME_CASES = {
  'test/processes/lost-process.spec.ts': 20,
  'test/processes/full-disk.spec.ts': 30,
  'test/processes/operations.spec.ts': 40,
  'test/processes/one-file.spec.ts': 25,
  'test/processes/commands.sqlite.spec.ts': 25,
  'test/processes/stop.spec.ts': 10,
  'test/limits/full-lines.spec.ts': 10,
  'test/limits/login.spec.ts': 20,
  'test/database/migrations.spec.ts': 20,
  'test/conversations/deletion.spec.ts': 10,
  'test/transfer/move.spec.ts': 15,
  'test/config/config.spec.ts': 10,
  'test/database/unreachable.spec.ts': 10,
  'test/accounts/mail-settings.spec.ts': 10,
  'test/http/unread.spec.ts': 10,
  'test/http/malformed-http.spec.ts': 10,
  'test/database/newer-release.spec.ts': 10,
  'test/chat/disconnects.postgres.spec.ts': 15,
  'test/chat/disconnects.sqlite.spec.ts': 1,
  'test/house/bench.spec.ts': 60,
};

const SECONDS = { ...KILLS, ...ONLY_HEAVY, ...SOME_CASES };

export const HEAVY = Object.keys(ONLY_HEAVY);

/** What `npm test -- --heavy` runs. `.ci/run` skips the files that might end too late. */
export const HEAVY_RUN = Object.keys({ ...KILLS, ...ONLY_HEAVY });

/** What `npm test -- --heavy-cases` runs: only the cases of these files that a light run leaves out. */
export const HEAVY_CASES = Object.keys(SOME_CASES);

/** The beginning of the title of a file that might end too late. */
export const NOT_BEGUN = 'not begun';

/** On a slow machine, a file may take this many times as long. */
const SLOWEST = 2.5;

/** Returns the time that a file may take on a slow machine. Zero for a file that is not listed. */
export const longestMs = (path) => (SECONDS[path] ?? 0) * SLOWEST * 1000;
