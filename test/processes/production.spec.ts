import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMMANDS } from '../../src/commands/commands.js';
import { runIn, runInstalled } from '../support/command.js';
import { Service } from '../support/service.js';

const run = promisify(execFile);

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly devOptional?: true }>>;
}

/** Returns the commands that a help text lists, each with its summary, which may have several lines. */
function commandsIn(help: string): (readonly [name: string, summary: string])[] {
  const list = help.split('\nCommands:\n')[1]?.replaceAll(/\n {8,}/g, ' ') ?? '';
  const rows = [...list.matchAll(/^ {2}([\w-]+)((?: [[<][^\]>]+[\]>])*) {2,}(\S.*)$/gm)];
  const named = rows.map(([, name = '', , summary = '']) => [name, summary] as const);
  return named.filter(([name]) => name !== 'help');
}

/** Returns the rows of the table with this heading. */
function tableIn(docs: string, heading: string): string[][] {
  const [, rows = ''] =
    new RegExp(`^\\| ${heading} .*\n\\|[ |-]+\n((?:\\|.*\n)+)`, 'm').exec(docs) ?? [];
  return rows
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, 3),
    );
}

/** The built files and the packages that production needs, alone in a folder. */
describe('a production install', () => {
  let root: string;
  let database: Record<string, string>;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tallychat-production-'));
    database = { DATABASE_URL: `sqlite:${join(root, 'tallychat.sqlite')}` };
    for (const part of ['package.json', 'bin', 'dist']) {
      await cp(part, join(root, part), { recursive: true });
    }
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
    for (const [path, { dev, devOptional }] of Object.entries(packages)) {
      // Nested packages are copied with their parent.
      const isNested = path.lastIndexOf('node_modules/') > 0;
      if (path === '' || dev || devOptional || isNested) continue;
      await run('mkdir', ['-p', dirname(join(root, path))]);
      await symlink(join(process.cwd(), path), join(root, path)).catch(() => undefined);
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  const typed = (...words: string[]) => runInstalled(root, database, ...words);

  it('serves, and runs every operator command', async () => {
    const command = [process.execPath, '--preserve-symlinks', join(root, 'dist/src/main.js')];
    const service = await Service.start(database, { command });
    expect((await typed('admin', 'create-user', 'ada')).code).toBe(0);
    const granted = await typed('admin', 'grant', 'ada', '1000', '--reason', 'a gift');
    expect([granted.code, granted.stdout]).toEqual([0, expect.stringContaining('balance 5000')]);
    const audit = await typed('audit');
    expect([audit.code, audit.stdout]).toEqual([0, expect.stringContaining('1 wallets, 2 ledger')]);
    const copy = join(root, 'copy.sqlite');
    expect((await typed('admin', 'backup', copy)).code).toBe(0);
    expect((await typed('migrate', 'show')).stdout).not.toContain('[ ]');
    await service.remove();
    expect((await typed('migrate')).stdout).toBe('the schema is up to date\n');
  });

  it('explains each command, and docs/commands.md lists them in the same words', async () => {
    const docs = await readFile('docs/commands.md', 'utf8');
    const help = await typed('--help');
    expect(commandsIn(help.stdout)).toEqual(tableIn(docs, 'command'));
    expect(tableIn(docs, 'command').map(([name]) => name)).toEqual(
      COMMANDS.map(({ name }) => name),
    );
    for (const { name } of COMMANDS) {
      const { code, stdout, stderr } = await typed(name, '--help');
      // Not even a warning of Node may be printed: users would see it with each command.
      expect([name, code, stderr]).toEqual([name, 0, '']);
      expect(stdout).toMatch(new RegExp(`^Usage: tallychat ${name}\\b`));
    }
    const admin = commandsIn((await typed('admin', '--help')).stdout);
    const everywhere = COMMANDS.filter(({ isUnderAdmin }) => isUnderAdmin);
    expect(admin).toEqual([
      ...tableIn(docs, 'admin command'),
      ...everywhere.map(({ name, summary }) => [name, summary]),
    ]);
    for (const [name] of admin) expect((await typed('admin', name, '--help')).code).toBe(0);
  });

  it('reports in one sentence that nothing is built', async () => {
    await rm(join(root, 'dist'), { recursive: true });
    const { code, stderr } = await typed('audit');
    expect([code, stderr]).toEqual([1, 'tallychat: nothing is built: run `npm run build` first\n']);
    const start = await run('npm', ['--silent', 'run', 'start:prod'], { cwd: root }).catch(
      (error: unknown) => error as { stderr: string },
    );
    expect(start.stderr).toBe(stderr);
  });
});

describe.each(['bin/build.js', 'bin/tallychat.js'])('%s', (script) => {
  it.each([
    ['18.20.8', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['24.1.0', true],
  ])('on Node %s starts: %p', async (node, isAccepted) => {
    const versions = JSON.stringify({ ...process.versions, node });
    const older = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
    const url = `data:text/javascript,${encodeURIComponent(older)}`;
    // Some releases of Node warn about `--import` with such a URL.
    const options = ['--no-warnings', '--import', url];
    const started = run(process.execPath, [...options, script, '--help']);
    const { stderr } = await started.catch((error: unknown) => error as { stderr: string });
    const sentence = `tallychat: Node 20.19 is needed, but this is ${node}\n`;
    expect(stderr).toBe(isAccepted ? '' : sentence);
  });
});

describe('a command', () => {
  it('ends without a stack trace if its pipe is closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-pipe-'));
    await runIn(folder, {}, 'migrate');
    const program = join(process.cwd(), 'bin/tallychat.js');
    const script = `cd ${folder}; node ${program} migrate show | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await run('bash', ['-c', script]);
    expect([stdout, stderr]).toEqual(['0\n', expect.stringMatching(/^database: .+\n$/)]);
    await rm(folder, { recursive: true });
  });

  it('fails with one line if its output cannot be written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-full-'));
    await runIn(folder, {}, 'migrate');
    const program = join(process.cwd(), 'bin/tallychat.js');
    const codes = { 'migrate show': 1, audit: 2, '--help': 1 };
    for (const [words, code] of Object.entries(codes)) {
      const script = `cd ${folder}; node ${program} ${words} > /dev/full; echo $?`;
      const { stdout, stderr } = await run('bash', ['-c', script]);
      expect([words, stdout]).toEqual([words, `${String(code)}\n`]);
      expect(stderr).toMatch(
        /^(?:database: .+\n)?tallychat: not all .* printed: ENOSPC.*; the command itself is done\n$/,
      );
    }
    const script = `cd ${folder}; node ${program} admin create-user ada 2> /dev/full; echo $?`;
    const { stdout } = await run('bash', ['-c', script]);
    expect(stdout).toMatch(/^\/#password-reset=\S+\n0\n$/);
    await rm(folder, { recursive: true });
  });
});
