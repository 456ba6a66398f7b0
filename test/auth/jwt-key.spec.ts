import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const ROUND_MS = 15;
const START_MS = 500;

/** Loads the key in each of the given folders and prints it. All processes do this at the same moment. */
const SCRIPT = `
  const { loadJwtKey } = await import(${JSON.stringify(pathToFileURL(resolve('dist/src/auth/jwt/jwt-key.js')))});
  const [start, ...folders] = process.argv.slice(1);
  for (const [round, folder] of folders.entries()) {
    process.chdir(folder);
    while (Date.now() < Number(start) + round * ${String(ROUND_MS)});
    console.log(Buffer.from(await loadJwtKey({ jwtSecret: '' })).toString());
  }
`;

const run = promisify(execFile);

describe('the key that signs JWTs, without JWT_SECRET', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tallychat-key-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** Returns the keys that a new process reads in these folders. */
  const load = async (start: number, folders: readonly string[]): Promise<string[]> => {
    const words = ['--input-type=module', '--eval', SCRIPT, String(start), ...folders];
    const { stdout } = await run(process.execPath, words);
    return stdout.split('\n').slice(0, -1);
  };

  it('is created once, with mode 0600, if three processes start at once', async () => {
    const folders = Array.from({ length: 60 }, (_, n) => join(root, String(n)));
    for (const folder of folders) await mkdir(folder);
    const start = Date.now() + START_MS;
    const [one, two, three] = await Promise.all([1, 2, 3].map(() => load(start, folders)));
    expect(one?.filter((key) => /^[\da-f]{64}$/.test(key))).toHaveLength(folders.length);
    expect(new Set(one).size).toBe(folders.length);
    expect([two, three]).toEqual([one, one]);
    for (const folder of folders) {
      expect(await readdir(join(folder, 'data'))).toEqual(['jwt.key']);
      expect((await stat(join(folder, 'data/jwt.key'))).mode & 0o777).toBe(0o600);
    }
  });

  it('is the same after a restart', async () => {
    expect(await load(0, [root])).toEqual(await load(0, [root]));
  });

  it.each(['', 'too short'])('is not read from a file that contains %p', async (text) => {
    await mkdir(join(root, 'data'));
    await writeFile(join(root, 'data/jwt.key'), text);
    const refusal = './data/jwt.key holds no key: restore or remove it';
    await expect(load(0, [root])).rejects.toThrow(refusal);
  });
});
