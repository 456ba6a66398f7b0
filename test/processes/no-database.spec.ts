import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runIn } from '../support/command.js';

const COMMANDS: readonly (readonly [words: string[], code: number])[] = [
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

  it.each(COMMANDS)('%p says which there is none, and makes nothing', async (words, code) => {
    const missing = join(folder, 'data', 'tallychat.sqlite');
    const ended = await runIn(folder, {}, ...words);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toContain(`database: sqlite:${missing}\n`);
    expect(ended.stderr).toContain(`: no such database: ${missing} `);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a folder in the place of the file', async () => {
    const ended = await runIn(folder, { DATABASE_URL: 'sqlite:.' }, 'audit');
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(`no such database: ${folder} is no file`);
    expect(await readdir(folder)).toEqual([]);
  });
});
