import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InvalidConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { readEnvFile } from '../../src/config/env-file.js';
import { sqlitePathOf } from '../../src/database/location.js';
import { runIn } from '../support/command.js';

const MARK = '\u{feff}';

describe('hand-written files', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tallychat-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (name: string, content: string | Buffer) => writeFile(join(folder, name), content);
  const audit = () => runIn(folder, {}, 'audit');

  it.each([
    ['as it is', 'DATABASE_URL=sqlite:./named.sqlite\n'],
    ['with a byte order mark and CRLF', `${MARK}DATABASE_URL=sqlite:./named.sqlite\r\n`],
    [
      'with a # in a value',
      'DATABASE_URL=sqlite:./named.sqlite # here\nJWT_SECRET=a#' + 'x'.repeat(32),
    ],
    ['with empty settings', 'OPENING_GRANT=\nPORT=\nDATABASE_URL=sqlite:./named.sqlite'],
    ['with export and quotes', 'export DATABASE_URL="sqlite:./named.sqlite" # here\n'],
    ['with tabs', '\t# here\n\tDATABASE_URL\t=\tsqlite:./named.sqlite\t\n'],
    ['with CR as line end', 'PORT=8000\rDATABASE_URL=sqlite:./named.sqlite\r'],
    [
      'with byte order marks in the middle',
      `PORT=8000\n${MARK}${MARK}DATABASE_URL=sqlite:./named.sqlite`,
    ],
    ['with U+2028 in another value', 'OTHER=a\u2028b\nDATABASE_URL=sqlite:./named.sqlite'],
    ['with no-break spaces', 'DATABASE_URL\u00a0=\u00a0sqlite:./named.sqlite\u00a0\n'],
  ])('.env is read %s', async (_, text) => {
    await write('.env', text);
    const { databaseUrl } = loadConfig(readEnvFile(join(folder, '.env')));
    expect(databaseUrl).toBe('sqlite:./named.sqlite');
  });

  it('is read by a command, when it is .env in its folder', async () => {
    await write('.env', `${MARK}export DATABASE_URL="sqlite:./named.sqlite" # here\r\n`);
    expect((await audit()).stderr).toContain(`no such database: ${join(folder, 'named.sqlite')} `);
  });

  it('.env is refused in one sentence if it is not UTF-8', async () => {
    await write('.env', Buffer.from('\u{feff}DATABASE_URL=sqlite:./named.sqlite', 'utf16le'));
    const { code, stderr } = await audit();
    expect([code, stderr]).toEqual([2, 'audit: .env is not UTF-8: save it in that encoding\n']);
    expect(await readdir(folder)).toEqual(['.env']);
  });

  it.each([
    ['PORT=1\nDATABASE_URL: sqlite:./named.sqlite\n', '.env has no setting in line 2: write NAME='],
    ['database_url=sqlite:./named.sqlite', '.env has database_url: write DATABASE_URL'],
  ])('.env is refused in one sentence if it contains %j', async (text, words) => {
    await write('.env', text);
    const { code, stderr } = await audit();
    expect([code, stderr]).toEqual([2, expect.stringContaining(`audit: ${words}`)]);
    expect(stderr).not.toContain('named.sqlite');
  });

  it('.env is refused in one sentence if it is a broken link', async () => {
    await symlink(join(folder, 'nowhere'), join(folder, '.env'));
    const { code, stderr } = await audit();
    expect([code, stderr]).toEqual([2, 'audit: .env cannot be read\n']);
  });

  it('a models file is read with a byte order mark', async () => {
    const limits = { contextTokens: 10, maxTokens: 5, price: { perMessage: 7 } };
    const models = [{ id: 'marked', provider: 'echo', upstream: 'echo', ...limits }];
    await write('models.json', `${MARK}${JSON.stringify({ models })}`);
    const { models: read } = loadConfig({ MODELS_FILE: join(folder, 'models.json') });
    expect(read.map(({ id }) => id)).toContain('marked');
  });
});

describe('a file in the form of .env', () => {
  it.each([
    ['A=b#c', 'b#c'],
    ['A=b #c', 'b'],
    ["A=b'#c # d", "b'#c"],
    ["A='b #c' # d", 'b #c'],
    ['  export A = b#c  # d\r\nB=1', 'b#c'],
    ['A=b\nB=x#y\nC=', 'b'],
    ['B="b\n c: d\n"\nA=b', 'b'],
    ['A="x\nB=c#d"', 'x\nB=c#d'],
    ['A=x\u2028B=c#d # e', 'x\u2028B=c#d'],
    ['A=#b', undefined],
    ['A=', undefined],
  ])('reads A from %j as %p', async (text, value) => {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-env-'));
    await writeFile(join(folder, '.env'), text);
    expect(readEnvFile(join(folder, '.env'))['A']).toBe(value);
    await rm(folder, { recursive: true });
  });
});

describe('DATABASE_URL', () => {
  const complaint = (url: string) => {
    try {
      loadConfig({ DATABASE_URL: url });
    } catch (error) {
      if (error instanceof InvalidConfig) return error.message;
    }
    return 'taken';
  };

  it.each([
    ['sqlite:///srv/x.sqlite', 'Do not write //: its meaning is ambiguous'],
    ['sqlite://x.sqlite', 'Do not write //: its meaning is ambiguous'],
    ['sqlite:file:x.sqlite?mode=ro', 'must be sqlite:<path>'],
    ['sqlite:~ada/x.sqlite', 'With ~, only ~/<path> is supported'],
    ['sqlite:~', 'With ~, only ~/<path> is supported'],
    ['sqlite:./data/', 'must name a file, not a folder'],
    ['sqlite: ./x.sqlite', 'without a space before or after the path'],
    ['sqlite:./x.sqlite\t', 'without a space before or after the path'],
    ['sqlite: ', 'without a space before or after the path'],
  ])('refuses %s in one sentence', (url, words) => {
    expect(complaint(url)).toContain(`DATABASE_URL: `);
    expect(complaint(url)).toContain(words);
  });

  it('expands ~, and is relative to the working directory', () => {
    expect(sqlitePathOf('sqlite:~/x.sqlite')).toBe(join(homedir(), 'x.sqlite'));
    expect(sqlitePathOf('sqlite:./a~/x.sqlite')).toBe(join(process.cwd(), 'a~/x.sqlite'));
    expect(sqlitePathOf('postgres://a@b/c')).toBeUndefined();
  });
});
