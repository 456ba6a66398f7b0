import { execFileSync } from 'node:child_process';

/** Whether a program that no package brings along is there; `words` has it do nothing but answer. */
export function hasProgram(name: string, ...words: string[]): boolean {
  try {
    execFileSync(name, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
