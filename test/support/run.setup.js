import { chmod, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import startPostgres from './postgres.setup.js';

const RAM_DISK = '/dev/shm';
/** What all databases of a run take at one time, many times over. */
const ROOM_BYTES = 4 * 1024 ** 3;

/** Specs commit some hundred thousand times, and each commit waits for the disk: they kill processes, never the machine. */
async function folderOfDatabases() {
  try {
    const { bavail, bsize } = await statfs(RAM_DISK);
    return bavail * bsize > ROOM_BYTES ? RAM_DISK : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Before the first file: a folder for all that specs write, and a PostgreSQL for all. */
export default async function setUpRun() {
  const folder = await mkdtemp(join(await folderOfDatabases(), 'tallychat-specs-'));
  // PostgreSQL does not run as root.
  await chmod(folder, 0o711);
  process.env.TMPDIR = folder;
  process.env.TEST_BREACHES = await mkdtemp(join(folder, 'breaches-'));
  await startPostgres();
}
