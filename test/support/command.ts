import { execFile } from 'node:child_process';

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
  return execute(databaseUrl, [`dist/src/${script}.main.js`, ...words]);
}

/** Runs `npm run audit` so that it takes what it writes for a terminal's. */
export function auditOnTerminal(databaseUrl: string): Promise<Ended> {
  const terminal = 'data:text/javascript,process.stderr.isTTY = true';
  return execute(databaseUrl, ['--import', terminal, 'dist/src/audit.main.js']);
}

function execute(databaseUrl: string, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      words,
      { env: { DATABASE_URL: databaseUrl }, timeout: COMMAND_TIMEOUT_MS },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}
