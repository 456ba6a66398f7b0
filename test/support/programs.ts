import { execFileSync } from 'node:child_process';

/** Checks whether a program is installed that no package provides. `words` make it answer and do nothing else. */
export function hasProgram(name: string, ...words: string[]): boolean {
  try {
    execFileSync(name, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
