import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

const OTHER_USERS_MODE = 0o007;
/** The first bytes of every SQLite file. */
export const SQLITE_MAGIC = Buffer.from('SQLite format 3\0');

/**
 * Creates the file, and its folder if missing, for this operating system user only, because a database holds what
 * users wrote. An existing file that all users can read is made private. A file that was opened to a group on
 * purpose keeps its mode. So does a folder that existed before, and a file that is not a database, because the path
 * may be a mistake. SQLite gives the files beside the database the same mode. Throws an error with one sentence if
 * the folder cannot be written, or if the path is a device, a folder or a link to nothing.
 */
export function makePrivateFile(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // SQLite writes its write-ahead log in the folder. Its own error would only say that it cannot open the database.
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const sentence = `the folder ${folder} cannot be written (${String(code)})`;
    throw Object.assign(new Error(sentence, { cause: error }), { code });
  }
  assertFileOrNothing(path);
  const file = openSync(path, 'a+', 0o600);
  try {
    if (mayBeDatabase(file) && (statSync(path).mode & OTHER_USERS_MODE) !== 0)
      chmodSync(path, 0o600);
  } finally {
    closeSync(file);
  }
}

/** A link to nothing is refused: its target may be on a disk that is not mounted. */
function assertFileOrNothing(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === false) throw new Error(`${path} is not a file`);
  const isLink = !found && lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isLink) throw new Error(`${path} is a link to nothing`);
}

/** Checks whether the file is empty or begins like every SQLite database. */
function mayBeDatabase(file: number): boolean {
  const start = Buffer.alloc(SQLITE_MAGIC.length);
  const read = readSync(file, start, 0, start.length, 0);
  return read === 0 || start.equals(SQLITE_MAGIC);
}
