import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

const COMMAND_TIMEOUT_MS = 30_000;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the operators' commands as a shell would. */
export function runCommand(
  script: 'admin' | 'audit',
  databaseUrl: string,
  ...words: string[]
): Promise<Ended> {
  return execute({ DATABASE_URL: databaseUrl }, [`dist/src/${script}.main.js`, ...words]);
}

/** Runs `tallychat <words>` in a folder, with only the given settings. */
export function runIn(
  folder: string,
  settings: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<Ended> {
  return execute(settings, [resolve('bin/tallychat.js'), ...words], folder);
}

/** Runs `tallychat <words>` from a copy of the program in the folder, whose packages are links. */
export function runInstalled(
  folder: string,
  settings: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<Ended> {
  return execute(settings, ['--preserve-symlinks', 'bin/tallychat.js', ...words], folder);
}

/** Runs `npm run audit` as if its output were a terminal. */
export function auditOnTerminal(databaseUrl: string): Promise<Ended> {
  const terminal = 'data:text/javascript,process.stderr.isTTY = true';
  const words = ['--import', terminal, 'dist/src/audit.main.js'];
  return execute({ DATABASE_URL: databaseUrl }, words);
}

function execute(
  env: Readonly<Record<string, string>>,
  words: readonly string[],
  cwd = '.',
): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      words,
      { env, cwd, timeout: COMMAND_TIMEOUT_MS },
      (error, stdout, stderr) => {
        done({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}
