import { link, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runIn } from '../support/command.js';
import { itAtFullEffort } from '../support/full-effort.js';
import { Service } from '../support/service.js';

describe('an SQLite file that is served', () => {
  let folder: string;
  let file: string;
  let started: Service[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tallychat-one-'));
    await mkdir(join(folder, 'other'));
    file = join(folder, 'tallychat.sqlite');
    started = [];
    await serve(file);
  });
  afterEach(async () => {
    for (const service of started) await service.remove();
    await rm(folder, { recursive: true });
  });

  const serve = async (path: string) => {
    const service = await Service.start({ DATABASE_URL: `sqlite:${path}` });
    started.push(service);
    return service;
  };
  const expectRefused = async (path: string) => {
    const service = await Service.launch({ DATABASE_URL: `sqlite:${path}` });
    started.push(service);
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr).toBe(
      `tallychat: another process serves ${path}: stop it, or use PostgreSQL for several processes\n`,
    );
  };
  const users = (path: string) =>
    runIn(folder, { DATABASE_URL: `sqlite:${path}` }, 'admin', 'users');

  /** Ways to give the file a second name, in another folder. */
  const names: Readonly<Record<string, (name: string) => Promise<void>>> = {
    'a hard link': (name) => link(file, name),
    'a new name': (name) => rename(file, name),
  };

  for (const kind of Object.keys(names))
    itAtFullEffort(
      `is not opened by a command under ${kind}, nor served by a second process`,
      async () => {
        const other = join(folder, 'other', 'second.sqlite');
        await names[kind]?.(other);
        const { code, stdout, stderr } = await users(other);
        expect([code, stdout]).toEqual([1, '']);
        expect(stderr).toContain(`admin: ${other} is served under another name: use that one\n`);
        expect(await readdir(join(folder, 'other'))).not.toContain('second.sqlite-wal');
        await expectRefused(other);
      },
    );

  itAtFullEffort(
    'is opened by a command through a symbolic link, and not served by a second process',
    async () => {
      const other = join(folder, 'other', 'second.sqlite');
      await symlink(file, other);
      for (const path of [file, other]) {
        const made = await users(path);
        expect([made.code, made.stdout]).toEqual([0, '']);
      }
      await expectRefused(other);
    },
  );

  it('stays locked if its lock file is removed, and creates it again', async () => {
    const lock = `${file}.lock`;
    await rm(lock);
    await expectRefused(file);
    while ((await users(file)).code !== 0) await started[0]?.sees(/listens/);
    expect(await readdir(folder)).toContain('tallychat.sqlite.lock');
  });

  itAtFullEffort('is reported as moved, and a new file in its place is not served', async () => {
    await rename(file, join(folder, 'other', 'moved.sqlite'));
    await started[0]?.sees(/tallychat\.sqlite was moved, removed or replaced while it is served/);
    await expectRefused(file);
  });

  itAtFullEffort('is served under the other name after the first process ended', async () => {
    const other = join(folder, 'second.sqlite');
    await link(file, other);
    started[0]?.kill('SIGTERM');
    await started[0]?.ended;
    const next = await serve(other);
    await next.sees(/second\.sqlite, with 0 people/);
  });
});
