import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { COMMANDS } from '../../src/commands/commands.js';
import { runIn } from '../support/command.js';
import { Inspector } from '../support/databases.js';
import { itAtFullEffort, sample } from '../support/full-effort.js';
import { Service } from '../support/service.js';

const REFUSED: readonly (readonly [words: string[], code: number])[] = [
  [['audit'], 2],
  [['admin', 'users'], 1],
  [['admin', 'create-user', 'ada'], 1],
  [['migrate', 'show'], 1],
  [['migrate', 'revert'], 1],
];

describe('a command without a database', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tallychat-none-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(sample('a command', 3, REFUSED))(
    '%p reports the missing database, and creates nothing',
    async (words, code) => {
      const missing = join(folder, 'data', 'tallychat.sqlite');
      const ended = await runIn(folder, {}, ...words);
      expect([ended.code, ended.stdout]).toEqual([code, '']);
      expect(ended.stderr).toContain(`database: sqlite:${missing}\n`);
      expect(ended.stderr).toContain(`: no such database: ${missing} `);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('does not change the database of another program, like the service', async () => {
    const path = join(folder, 'django.sqlite');
    const url = `sqlite:${path}`;
    const theirs = await Inspector.open(url);
    await theirs.rows('CREATE TABLE django_migrations (id integer)');
    await theirs.rows('PRAGMA user_version = 7');
    await theirs.close();
    const sentence = `the database belongs to another program and was not changed: it has the tables django_migrations\n`;
    const service = await Service.launch({ DATABASE_URL: url });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr).toBe(`tallychat: ${sentence}`);
    await service.remove();
    const ended = await runIn(folder, { DATABASE_URL: url }, 'migrate');
    expect([ended.code, ended.stderr]).toEqual([1, `database: ${url}\nmigrate: ${sentence}`]);
    const after = await Inspector.open(url);
    expect(await after.rows('SELECT name FROM sqlite_master')).toEqual([
      { name: 'django_migrations' },
    ]);
    expect(await after.rows('PRAGMA user_version')).toEqual([{ user_version: 7 }]);
    await after.close();
  });

  itAtFullEffort('is explained, each one by itself', async () => {
    for (const { name } of COMMANDS) {
      const { code, stdout, stderr } = await runIn(folder, {}, name, '--help');
      expect([name, code, stderr]).toEqual([name, 0, '']);
      expect(stdout).toContain(`Usage: tallychat ${name}`);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a folder in place of the file', async () => {
    const ended = await runIn(folder, { DATABASE_URL: 'sqlite:.' }, 'audit');
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(`no such database: ${folder} is not a file`);
    expect(await readdir(folder)).toEqual([]);
  });
});
