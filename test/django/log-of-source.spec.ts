import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DjangoImport } from '../../src/django/django-import.service.js';
import { TestApp } from '../support/app.js';
import { DjangoDatabase } from '../support/django.js';

/** The names of the log and its index beside this name are too long, so SQLite cannot create them, as on a read-only disk. */
const LONGEST_NAME = 'd'.repeat(252);

describe('import-django of an SQLite file with a write-ahead log', () => {
  let django: DjangoDatabase;
  let app: TestApp;
  let folder: string;

  beforeAll(async () => {
    django = await DjangoDatabase.create('sqlite');
    await django.addUser({ id: 1, username: 'ada' });
    app = await TestApp.start('sqlite');
  });
  afterAll(async () => {
    await app.close();
    await django.drop();
  });
  beforeEach(async () => {
    folder = join(dirname(pathOf(django.url)), 'copy');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
  });

  const pathOf = (url: string) => url.slice('sqlite:'.length);
  const run = async (name: string) =>
    String(await app.nest.get(DjangoImport).run(join(folder, name), { skip: true }));
  const copy = (suffix: string, name: string) =>
    copyFile(pathOf(django.url) + suffix, join(folder, name + suffix));

  it('leaves no file beside it', async () => {
    await django.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    await copy('', 'db.sqlite3');
    expect(await run('db.sqlite3')).toMatch(/(?:imported|here from before): 1 users/);
    expect(await readdir(folder)).toEqual(['db.sqlite3']);
  });

  it('reads a file beside which nothing can be created', async () => {
    await django.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    await copy('', LONGEST_NAME);
    expect(await run(LONGEST_NAME)).toMatch(/(?:imported|here from before): 1 users/);
    expect(await readdir(folder)).toEqual([LONGEST_NAME]);
  });

  it('reads what is only in the log, and keeps the log', async () => {
    await django.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    await django.addUser({ id: 2, username: 'bob' });
    await copy('', 'db.sqlite3');
    await copy('-wal', 'db.sqlite3');
    expect(await run('db.sqlite3')).toMatch(/imported: [12] users/);
    expect(await readdir(folder)).toContain('db.sqlite3-wal');
  });
});
