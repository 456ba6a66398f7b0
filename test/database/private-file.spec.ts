import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tryLock } from 'fs-native-extensions';
import { openWriter } from '../../src/database/open-database.js';
import { assertServedName, FileLease } from '../../src/database/sqlite/file-lease.js';
import { migrate } from '../../src/database/migrate.js';
import { entities } from '../../src/entities.js';
import { createDatabase, type TestDatabase } from '../support/databases.js';

describe('the file of a database on SQLite', () => {
  let owned: TestDatabase;

  beforeEach(async () => {
    owned = await createDatabase('sqlite');
  });
  afterEach(() => owned.drop());

  const pathOf = (url: string) => url.slice('sqlite:'.length);
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  const open = (url: string) => openWriter({ url, poolMax: 2, entities });

  it('is readable only by its owner, like its log and its new folder', async () => {
    const folder = join(dirname(pathOf(owned.url)), 'new', 'folder');
    const path = join(folder, 'tallychat.sqlite');
    const writer = await open(`sqlite:${path}`);
    await migrate(writer);
    const lease = await FileLease.take(path);
    expect(await modeOf(folder)).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm', '.lock']) {
      expect([suffix, await modeOf(`${path}${suffix}`)]).toEqual([suffix, 0o600]);
    }
    await lease.release();
    await writer.destroy();
  });

  it('loses world access, and keeps group access', async () => {
    const path = pathOf(owned.url);
    const modes: [before: number, after: number][] = [
      [0o644, 0o600],
      [0o640, 0o640],
      [0o600, 0o600],
    ];
    await writeFile(path, '');
    for (const [before, after] of modes) {
      await chmod(path, before);
      await (await open(owned.url)).destroy();
      expect(await modeOf(path)).toBe(after);
    }
  });

  it('is unchanged if it is not a database or not a file', async () => {
    const path = pathOf(owned.url);
    await writeFile(path, 'root:x:0:0', { mode: 0o644 });
    await chmod(path, 0o644);
    await expect(open(owned.url)).rejects.toThrow('does not open');
    expect(await modeOf(path)).toBe(0o644);
    expect(await readFile(path, 'utf8')).toBe('root:x:0:0');
    const folder = `${path}.folder`;
    await mkdir(folder, { mode: 0o755 });
    await expect(open(`sqlite:${folder}`)).rejects.toThrow(`${folder} is not a file`);
    expect(await modeOf(folder)).toBe(0o755);
  });

  it('is not created through a link to nothing', async () => {
    const path = pathOf(owned.url);
    await symlink(`${path}.unmounted`, path);
    await expect(open(owned.url)).rejects.toThrow(`${path} is a link to nothing`);
    await expect(FileLease.takeFor(owned.url)).rejects.toThrow(`${path} is a link to nothing`);
    expect(await readdir(dirname(path))).toEqual([basename(path)]);
  });

  it('is not said to have another name if its process ends during the check', async () => {
    await (await open(owned.url)).destroy();
    const path = pathOf(owned.url);
    const fd = openSync(path, 'r+');
    expect(tryLock(fd, 2 ** 52, 1)).toBe(true);
    await expect(assertServedName(path)).rejects.toThrow('is served under another name');
    const check = assertServedName(path);
    closeSync(fd);
    await expect(check).resolves.toBeUndefined();
  });

  it('has a log of 32 MiB and one commit at most, however much is written', async () => {
    const writer = await open(owned.url);
    await writer.query('CREATE TABLE written (bytes blob)');
    let largest = 0;
    for (let n = 0; n < 60; n += 1) {
      await writer.query('INSERT INTO written VALUES (randomblob(1048576))');
      largest = Math.max(largest, (await stat(`${pathOf(owned.url)}-wal`)).size);
    }
    await writer.destroy();
    expect(largest).toBeGreaterThan(16 * 2 ** 20);
    expect(largest).toBeLessThan(36 * 2 ** 20);
  });
});
