import { copyFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { createMigrated, Inspector, type TestDatabase } from '../support/databases.js';
import { auditOf } from '../support/full-audit.js';

const SENTENCE =
  'the file was copied while it was served, without its write-ahead log (-wal): what was saved last is missing';

describe('a copy of an SQLite file', () => {
  let database: TestDatabase;
  let path: string;
  let app: TestApp;

  beforeEach(async () => {
    database = await createMigrated('sqlite');
    path = database.url.slice('sqlite:'.length);
    app = await TestApp.start('sqlite', { DATABASE_URL: database.url });
    for (let user = 0; user < 5; user += 1) await app.newUser();
    const inspector = await Inspector.open(database.url);
    await inspector.dataSource.query('PRAGMA wal_checkpoint(PASSIVE)');
    await inspector.close();
    for (let user = 0; user < 2; user += 1) await app.newUser();
  });
  afterEach(() => database.drop());

  const copyTo = async (name: string, ...ends: string[]) => {
    for (const end of ['', ...ends]) await copyFile(`${path}${end}`, `${path}.${name}${end}`);
    return `${database.url}.${name}`;
  };

  it('is reported as incomplete if it was made from a running service without its WAL', async () => {
    const url = await copyTo('live');
    await app.close();
    const report = await auditOf(url);
    expect([report.wallets, report.missing]).toEqual([5, [SENTENCE]]);
    const served = await TestApp.start('sqlite', { DATABASE_URL: url });
    await served.newUser({ username: 'late' });
    expect((await auditOf(url)).missing).toEqual([SENTENCE]);
    await served.close();
    expect((await auditOf(url)).missing).toEqual([SENTENCE]);
  });

  it('is complete with its WAL or after a stop, like the served file', async () => {
    const withLog = await copyTo('with-log', '-wal');
    expect((await auditOf(database.url)).missing).toEqual([]);
    await app.close();
    const cold = await copyTo('cold');
    for (const url of [withLog, cold, database.url]) {
      const report = await auditOf(url);
      expect([report.wallets, report.missing]).toEqual([7, []]);
    }
  });

  it('is not confused with the file of a killed service whose WAL another program has applied', async () => {
    await app.close();
    const { ino } = await stat(path, { bigint: true });
    const inspector = await Inspector.open(database.url);
    const mark = Number(ino % BigInt(2 ** 31 - 1)) + 1;
    await inspector.dataSource.query(`PRAGMA user_version = ${String(mark)}`);
    await inspector.close();
    expect((await auditOf(database.url)).missing).toEqual([]);
    expect((await auditOf(await copyTo('later'))).missing).toEqual([SENTENCE]);
  });
});
