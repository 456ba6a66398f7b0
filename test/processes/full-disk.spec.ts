import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import pg from 'pg';
import { HttpClient, type Caller } from '../support/client.js';
import {
  databaseKinds,
  Inspector,
  type DatabaseKind,
  type TestDatabase,
} from '../support/databases.js';
import { freePort } from '../support/free-port.js';
import { itAtFullEffort, itLightOnSqlite } from '../support/full-effort.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { register } from '../support/register.js';
import { Service } from '../support/service.js';
import { until } from '../support/until.js';

/** An empty PostgreSQL database takes 8 MiB. */
const SIZE = { sqlite: '3m', postgres: '12m' };

/** A small disk. Throws if this process may not mount one. */
class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'tallychat-disk-'));

  constructor(size: string) {
    try {
      this.mount(`size=${size}`, '-t', 'tmpfs', 'tmpfs');
    } catch (error) {
      rmSync(this.folder, { recursive: true });
      throw error;
    }
  }

  resize(size: string): void {
    this.mount(`remount,size=${size}`);
  }

  /**
   * Also works while a process uses its files. Otherwise the disk would still be mounted at the end of the run, and
   * could not be removed.
   */
  remove(): void {
    execFileSync('umount', ['--lazy', this.folder]);
    rmSync(this.folder, { recursive: true });
  }

  private mount(options: string, ...words: string[]): void {
    execFileSync('mount', [...words, '-o', options, this.folder], { stdio: 'ignore' });
  }
}

/**
 * Checks whether this process may mount a disk. If not, nothing is mounted, because skipped suites do not run the
 * hooks that unmount.
 */
function mayMount(): boolean {
  try {
    new SmallDisk('1m').remove();
    return true;
  } catch {
    return false;
  }
}

/**
 * Creates a database on the disk, with PostgreSQL on its own server: on the run's server checkpoints would fail,
 * and no other spec could drop its database.
 */
async function databaseOn(folder: string, kind: DatabaseKind): Promise<TestDatabase> {
  if (kind === 'sqlite') {
    const url = `sqlite:${join(folder, 'tallychat.sqlite')}`;
    return { url, drop: () => Promise.resolve() };
  }
  const server = await OwnPostgres.start();
  // Only root may mount, and PostgreSQL then runs as this user.
  execFileSync('chown', ['postgres', folder]);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
  await client.query('CREATE DATABASE small TABLESPACE small');
  await client.end();
  const url = new URL('/small', server.url).href;
  return { url, drop: () => server.remove() };
}

/** A random text, because PostgreSQL compresses long texts. */
const LONG = randomBytes(37_500).toString('base64');
const suite = mayMount() ? describe.each(databaseKinds) : describe.skip.each(databaseKinds);

suite('a disk that is full, on %s (skipped where no disk can be mounted)', (kind) => {
  const itOnSqlite = itLightOnSqlite(kind);
  let disk: SmallDisk;
  let database: TestDatabase;
  let service: Service;
  let http: HttpClient;
  let ada: Caller;

  beforeAll(async () => {
    disk = new SmallDisk(SIZE[kind]);
    database = await databaseOn(disk.folder, kind);
    service = await Service.start({ DATABASE_URL: database.url, OPENING_GRANT: '1000000' });
    http = await service.client();
    ada = await register(http, 'ada');
  });
  afterAll(async () => {
    try {
      http.close();
      await service.remove();
      await database.drop();
    } finally {
      disk.remove();
    }
  });

  itOnSqlite(
    'is 503 and charges nothing; when there is room, everything continues and the books balance',
    async () => {
      let paid = 0;
      let full = await ada.chat(LONG);
      for (; full.status === 200; full = await ada.chat(LONG)) paid += 1;
      expect(paid).toBeGreaterThan(3);
      expect(full.status).toBe(503);
      expect(full.body).toEqual({ detail: 'The database has no room.', code: 'unavailable' });
      expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);

      const together = await Promise.all(Array.from({ length: 20 }, () => ada.chat(LONG)));
      paid += together.filter(({ status }) => status === 200).length;
      expect(together.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
      expect(await ada.balance()).toBe(1_000_000 - paid * 100);
      // The failure is logged once for all requests, and without a stack.
      const logged = service.log().filter(({ level }) => Number(level) >= 50);
      expect(logged).toEqual([
        expect.objectContaining({ reason: expect.stringMatching(/full|No space left/) }),
      ]);
      expect(logged[0]).not.toHaveProperty('err');

      disk.resize('30m');
      expect((await ada.chat(LONG)).status).toBe(200);
      expect(await ada.balance()).toBe(1_000_000 - (paid + 1) * 100);
      const inspector = await Inspector.open(database.url);
      expect(await inspector.count('turns')).toBe(paid + 1);
      expect(await inspector.count('holds')).toBe(0);
      expect(await inspector.unbalancedWallets()).toEqual([]);
      expect(await inspector.differences()).toEqual([]);
      await inspector.close();
    },
  );
});

const logs = mayMount() ? describe : describe.skip;

logs('a log on a disk that is full (skipped where no disk can be mounted)', () => {
  itAtFullEffort('stops nothing; when there is room, lines are written again', async () => {
    const disk = new SmallDisk('64k');
    const [log, port] = [join(disk.folder, 'log'), await freePort()];
    const service = await Service.launch(
      { PORT: String(port) },
      { command: ['sh', '-c', `exec ${process.execPath} ${resolve('dist/src/main.js')} > ${log}`] },
    );
    try {
      const lines = () => readFileSync(log, 'utf8');
      await until(() => existsSync(log) && lines().includes('listens on'));
      const http = await HttpClient.connect(`http://127.0.0.1:${String(port)}`);
      const ada = await register(http, 'ada');
      const filler = join(disk.folder, 'filler');
      expect(() => {
        writeFileSync(filler, 'x'.repeat(70_000));
      }).toThrow('ENOSPC');
      const size = lines().length;
      for (let n = 0; n < 30; n += 1) expect((await ada.chat('hello')).status).toBe(200);
      expect(lines().length - size).toBeLessThan(5000);
      expect(service.stderr).toMatch(/^tallychat: the log cannot be written: ENOSPC.*\n$/);
      rmSync(filler);
      expect((await ada.chat('hello')).status).toBe(200);
      expect(await ada.balance()).toBe(900);
      http.close();
      service.kill('SIGTERM');
      expect(await service.ended).toEqual({ code: 0, signal: null });
      expect(lines()).toMatch(/"stopped"\}\n$/);
    } finally {
      await service.remove();
      disk.remove();
    }
  });
});
