import { copyFile, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entities } from '../../src/entities.js';
import { backUp } from '../../src/transfer/backup.js';
import { restore } from '../../src/transfer/restore.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { createDatabase, Inspector, type TestDatabase } from '../support/databases.js';
import { auditOf } from '../support/full-audit.js';
import { until } from '../support/until.js';

const DEFAULTS = { replace: false, incomplete: false };
const REPLACE = { replace: true, incomplete: false };
const optionsOf = (url: string) => ({ url, poolMax: 2, entities });

describe('backup and restore of an SQLite database that is served', () => {
  let live: TestDatabase;
  let app: TestApp;
  let callers: Caller[];
  let isStopping: boolean;
  let load: Promise<unknown>;
  /** The turns of all received answers. */
  const received = new Set<string>();

  beforeAll(async () => {
    live = await createDatabase('sqlite');
    app = await TestApp.start('sqlite', { DATABASE_URL: live.url, OPENING_GRANT: '1000000' });
    callers = await Promise.all(Array.from({ length: 8 }, () => app.newUser()));
    // Otherwise the schema is only in the log until 32 MiB are written.
    await app.database.rows('PRAGMA wal_checkpoint(PASSIVE)');
    startLoad();
  });
  afterAll(async () => {
    await stopLoad();
    await app.close();
    await live.drop();
  });
  const chat = async (caller: Caller) => {
    while (!isStopping) {
      const { status, headers } = await caller.chat('Hello');
      expect(status).toBe(200);
      received.add(String(headers['turn-id']));
      await sleep(60);
    }
  };
  const startLoad = () => {
    isStopping = false;
    load = Promise.all(callers.map(chat));
  };
  const stopLoad = async () => {
    isStopping = true;
    await load;
  };
  const pathOf = (url: string) => url.slice('sqlite:'.length);
  const file = (name: string) => `${pathOf(live.url)}.${name}`;
  const untilReceived = (count: number) => until(() => received.size >= count);
  /** Copies the served file without its log, and not while a commit copies the log into it. */
  const copyLive = async (to: string) => {
    await stopLoad();
    await copyFile(pathOf(live.url), to);
    startLoad();
  };

  /** Makes a backup, and returns it with the answers that were received before it began. */
  const backUpUnderLoad = async (name: string) => {
    await untilReceived(received.size + 50);
    const before = [...received];
    const summary = await backUp(optionsOf(live.url), file(name), DEFAULTS);
    await untilReceived(received.size + 10);
    return { summary, before };
  };

  it('loses no wallet and no acknowledged answer from before the backup', async () => {
    const { summary, before } = await backUpUnderLoad('first');
    expect(summary).toMatch(/^backed up to .+: 8 wallets, \d+ ledger entries$/);
    expect((await stat(file('first'))).mode & 0o777).toBe(0o600);
    const target = await createDatabase('sqlite');
    expect(await restore(optionsOf(target.url), file('first'), DEFAULTS)).toMatch(/: 8 wallets/);
    expect((await stat(pathOf(target.url))).mode & 0o777).toBe(0o600);
    const report = await auditOf(target.url);
    expect([report.wallets, report.differences, report.missing]).toEqual([8, [], []]);
    const inspector = await Inspector.open(target.url);
    const rows = await inspector.rows<{ id: string }>('SELECT id FROM turns');
    await inspector.close();
    const restored = new Set(rows.map(({ id }) => id));
    expect(before.filter((id) => !restored.has(id))).toEqual([]);
    await target.drop();
  });

  it('overwrites no file without an option, and leaves no partial file', async () => {
    await writeFile(file('there'), 'dear');
    const again = backUp(optionsOf(live.url), file('there'), DEFAULTS);
    await expect(again).rejects.toThrow('is there already: give --replace');
    expect(await readFile(file('there'), 'utf8')).toBe('dear');
    await backUp(optionsOf(live.url), file('there'), { replace: true });
    expect((await auditOf(`sqlite:${file('there')}`)).missing).toEqual([]);
    const itself = backUp(optionsOf(live.url), pathOf(live.url), { replace: true });
    await expect(itself).rejects.toThrow('is the database itself');
    expect(String(await readdir(dirname(pathOf(live.url))))).not.toContain('unfinished');
  });

  it('refuses names of files beside the database, and of non-files', async () => {
    const path = pathOf(live.url);
    await symlink(dirname(path), file('folder'));
    const linked = join(file('folder'), basename(path));
    const refused = {
      [`${path}-wal`]: 'is a part of the database',
      [`${path}.lock`]: 'is a part of the database',
      [`${linked}-wal`]: 'is a part of the database',
      [linked]: 'is the database itself',
      [dirname(path)]: 'is not a file',
      '/dev/null': 'is not a file',
      [join(file('none'), 'x.sqlite')]: 'there is no folder',
    };
    for (const [name, words] of Object.entries(refused)) {
      await expect(backUp(optionsOf(live.url), name, REPLACE)).rejects.toThrow(words);
    }
    await untilReceived(received.size + 10);
  });

  it('refuses to restore over a served file or a file with rows, and changes neither', async () => {
    await backUp(optionsOf(live.url), file('good'), DEFAULTS);
    await expect(restore(optionsOf(live.url), file('good'), REPLACE)).rejects.toThrow(
      'another process serves',
    );
    const other = await createDatabase('sqlite');
    await restore(optionsOf(other.url), file('good'), DEFAULTS);
    const before = await auditOf(other.url);
    await backUpUnderLoad('later');
    await expect(restore(optionsOf(other.url), file('later'), DEFAULTS)).rejects.toThrow(
      'has rows: give --replace',
    );
    expect(await auditOf(other.url)).toEqual(before);
    await restore(optionsOf(other.url), file('later'), REPLACE);
    expect((await auditOf(other.url)).entries).toBeGreaterThan(before.entries);
    await expect(restore(optionsOf(other.url), pathOf(other.url), REPLACE)).rejects.toThrow(/self/);
    const inspector = await Inspector.open(other.url);
    await expect(restore(optionsOf(other.url), file('later'), REPLACE)).rejects.toThrow('is open');
    await inspector.close();
    await writeFile(pathOf(other.url), 'broken');
    await expect(restore(optionsOf(other.url), file('later'), DEFAULTS)).rejects.toThrow(
      'does not open: give --replace',
    );
    await restore(optionsOf(other.url), file('later'), REPLACE);
    expect((await auditOf(other.url)).missing).toEqual([]);
    await other.drop();
  });

  const damaged: [string, (path: string) => Promise<unknown>, string][] = [
    [
      'a file cut short',
      async (path) => truncate(path, (await stat(path)).size - 4096),
      'is cut short',
    ],
    [
      'a file that is no database',
      (path) => writeFile(path, 'x'.repeat(9000)),
      'is not an SQLite file',
    ],
    ['a file beside its log', (path) => writeFile(`${path}-wal`, ''), 'write-ahead log'],
    [
      'a database of another program',
      (path) =>
        alter(
          path,
          'DROP TABLE password_resets',
          'DROP TABLE access_tokens',
          'ALTER TABLE wallets RENAME TO purses',
        ),
      'is not a database of this service',
    ],
    [
      'a backup of a newer version',
      (path) => alter(path, `INSERT INTO migrations (timestamp, name) VALUES (9, 'Later9')`),
      'of a newer release: it has Later9',
    ],
    [
      'a backup that lost a wallet',
      (path) =>
        alter(path, 'DELETE FROM wallets WHERE owner_id = (SELECT min(owner_id) FROM wallets)'),
      'users without a wallet: 1',
    ],
    [
      'a backup whose balances differ',
      (path) => alter(path, 'UPDATE wallets SET balance = balance + 1'),
      'balance is the sum of the ledger entries',
    ],
    ['damaged pages', (path) => damage(path, 4096 * 4, 4096 * 12), ''],
    ['a damaged schema', (path) => damage(path, 100, 4096), 'FILE is damaged: SQLITE_CORRUPT'],
    ['a copy of the live file without its log', copyLive, 'copied while it was served'],
  ];

  it.each(damaged)('refuses to restore %s, and creates nothing', async (_, spoil, words) => {
    const spoilt = file(`spoilt-${String(Math.random()).slice(2)}`);
    await backUp(optionsOf(live.url), spoilt, DEFAULTS);
    await spoil(spoilt);
    const target = await createDatabase('sqlite');
    const restored: unknown = await restore(optionsOf(target.url), spoilt, DEFAULTS).catch(String);
    expect(restored).toMatch(/^Error: (?![^]*unfinished)/);
    expect(restored).toContain(words.replace('FILE', spoilt));
    const left = await readdir(dirname(pathOf(target.url)));
    expect(left.filter((one) => !one.endsWith('.lock'))).toEqual([]);
    await target.drop();
  });

  it('restores an incomplete copy with an option, and treats it as complete afterwards', async () => {
    const target = await createDatabase('sqlite');
    await copyLive(file('live-copy'));
    await restore(optionsOf(target.url), file('live-copy'), { ...DEFAULTS, incomplete: true });
    expect((await auditOf(target.url)).missing).toEqual([]);
    await target.drop();
  });

  it('restores a database that serves the same users with the same tokens', async () => {
    await backUpUnderLoad('last');
    await stopLoad();
    await app.close();
    const target = await createDatabase('sqlite');
    await restore(optionsOf(target.url), file('last'), DEFAULTS);
    app = await TestApp.start('sqlite', { DATABASE_URL: target.url });
    for (const { token, username } of callers) {
      const again = app.callerOf(token, username);
      const balance = await again.balance();
      expect((await again.chat('after the restore')).status).toBe(200);
      expect(await again.balance()).toBe(balance - 100);
    }
    expect((await auditOf(target.url)).differences).toEqual([]);
  });

  it('names the command for PostgreSQL, and creates no file', async () => {
    const options = optionsOf('postgres://tally:secret@127.0.0.1:1/none');
    await expect(backUp(options, file('pg'), DEFAULTS)).rejects.toThrow('pg_dump --format=custom');
    await expect(restore(options, file('good'), DEFAULTS)).rejects.toThrow('pg_restore --clean');
    await expect(stat(file('pg'))).rejects.toThrow('ENOENT');
  });
});

/** Changes a database in a way in which our code never does. */
async function alter(path: string, ...statements: string[]): Promise<void> {
  const inspector = await Inspector.open(`sqlite:${path}`);
  await inspector.dataSource.query('PRAGMA foreign_keys = OFF');
  for (const sql of statements) await inspector.dataSource.query(sql);
  await inspector.close();
}

/** Overwrites a part of the file. */
const damage = async (path: string, from: number, to: number) =>
  writeFile(path, (await readFile(path)).fill(0xff, from, to));
