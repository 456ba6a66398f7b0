import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

const OTHERS = 0o007;

/**
 * Makes the file, and its folder where there is none, for this user alone: a database holds what people
 * wrote. A file that everybody may read is closed; one that was opened to a group on purpose stays so, and
 * so does a folder that was there before. Throws one sentence for a folder that cannot be written. SQLite gives the files beside it the same mode.
 */
export function makePrivateFile(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // SQLite writes its journal there, and would say no more than that it cannot open the database.
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const sentence = `the folder ${folder} cannot be written (${String(code)})`;
    throw Object.assign(new Error(sentence, { cause: error }), { code });
  }
  closeSync(openSync(path, 'a', 0o600));
  if ((statSync(path).mode & OTHERS) !== 0) chmodSync(path, 0o600);
}
