import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

const OTHERS = 0o007;
/** How every SQLite file begins. */
export const SQLITE_MAGIC = Buffer.from('SQLite format 3\0');

/**
 * Makes the file, and its folder where there is none, for this user alone: a database holds what people
 * wrote. A file that everybody may read is closed; one that was opened to a group on purpose stays so, and
 * so does a folder that was there before, and a file that is no database: the path may be a slip. Throws one sentence
 * for a folder that cannot be written, and for a device or a folder in the file's place. SQLite gives the files beside
 * it the same mode.
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
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw new Error(`${path} is no file`);
  }
  const file = openSync(path, 'a+', 0o600);
  try {
    if (mayBeDatabase(file) && (statSync(path).mode & OTHERS) !== 0) chmodSync(path, 0o600);
  } finally {
    closeSync(file);
  }
}

/** Whether the file is empty, or begins as every database does. */
function mayBeDatabase(file: number): boolean {
  const start = Buffer.alloc(SQLITE_MAGIC.length);
  const read = readSync(file, start, 0, start.length, 0);
  return read === 0 || start.equals(SQLITE_MAGIC);
}
