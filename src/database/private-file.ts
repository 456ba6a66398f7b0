import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS = 0o007;

/**
 * Makes the file, and its folder where there is none, for this user alone: a database holds what people
 * wrote. A file that everybody may read is closed; one that was opened to a group on purpose stays so, and
 * so does a folder that was there before. SQLite gives the files beside it the same mode.
 */
export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  if ((statSync(path).mode & OTHERS) !== 0) chmodSync(path, 0o600);
}
