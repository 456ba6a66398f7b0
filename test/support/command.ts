import { execFile } from 'node:child_process';

const COMMAND_TIMEOUT_MS = 30_000;

/** Runs one of the operators' commands as a shell would. */
export function runCommand(
  script: 'admin' | 'audit',
  databaseUrl: string,
  ...words: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [`dist/src/${script}.main.js`, ...words],
      { env: { DATABASE_URL: databaseUrl }, timeout: COMMAND_TIMEOUT_MS },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}
