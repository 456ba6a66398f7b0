import { readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entities } from '../../src/entities.js';
import { backUp } from '../../src/transfer/backup.js';
import { restore } from '../../src/transfer/restore.js';
import { TestApp } from '../support/app.js';
import { createDatabase, createMigrated, type TestDatabase } from '../support/databases.js';
import { auditOf } from '../support/full-audit.js';

describe('a backup to a symbolic link', () => {
  let live: TestDatabase;
  let app: TestApp;

  beforeAll(async () => {
    live = await createDatabase('sqlite');
    app = await TestApp.start('sqlite', { DATABASE_URL: live.url });
    // Otherwise the schema is only in the log until 32 MiB are written.
    await app.database.rows('PRAGMA wal_checkpoint(PASSIVE)');
  });
  afterAll(async () => {
    await app.close();
    await live.drop();
  });

  const file = (name: string) => join(dirname(live.url.slice('sqlite:'.length)), name);
  const replace = (name: string) =>
    backUp({ url: live.url, poolMax: 2, entities }, file(name), { replace: true });

  it('replaces the target, and keeps the link', async () => {
    await writeFile(file('target'), 'dear');
    await symlink(file('target'), file('link'));
    expect(await replace('link')).toContain(file('target'));
    expect(await readlink(file('link'))).toBe(file('target'));
    expect((await auditOf(`sqlite:${file('target')}`)).missing).toEqual([]);
  });

  it('is refused if the link leads to nothing, and writes nothing', async () => {
    await symlink(file('unmounted'), file('dangling'));
    await expect(replace('dangling')).rejects.toThrow('dangling is a link to nothing');
    expect(await readlink(file('dangling'))).toBe(file('unmounted'));
    expect(String(await readdir(dirname(file('x'))))).not.toMatch(/unfinished|unmounted/);
  });
});

describe('a restore of a database whose name is a symbolic link', () => {
  let owned: TestDatabase;
  let file: (name: string) => string;

  beforeAll(async () => {
    owned = await createMigrated('sqlite');
    file = (name) => `${owned.url.slice('sqlite:'.length)}.${name}`;
    await backUp(optionsOf(owned.url), file('backup'), { replace: false });
  });
  afterAll(() => owned.drop());

  const optionsOf = (url: string) => ({ url, poolMax: 2, entities });
  const restoreTo = (name: string) =>
    restore(optionsOf(`sqlite:${file(name)}`), file('backup'), {
      replace: true,
      incomplete: false,
    });

  it('replaces the target, and keeps the link', async () => {
    await writeFile(file('target'), 'old');
    await symlink(file('target'), file('link'));
    expect(await restoreTo('link')).toContain(': 0 wallets');
    expect(await readlink(file('link'))).toBe(file('target'));
    expect((await auditOf(`sqlite:${file('target')}`)).missing).toEqual([]);
  });

  it('is refused if the link leads to nothing, and writes nothing', async () => {
    await symlink(file('unmounted'), file('dangling'));
    await expect(restoreTo('dangling')).rejects.toThrow('dangling is a link to nothing');
    expect(await readlink(file('dangling'))).toBe(file('unmounted'));
    expect(String(await readdir(dirname(file('x'))))).not.toMatch(/unfinished|unmounted/);
  });
});
