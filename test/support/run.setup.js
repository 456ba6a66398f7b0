import { chmod, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import startPostgres from './postgres.setup.js';

const RAM_DISK = '/dev/shm';
/** Many times the size of all databases of a run at one time. */
const ROOM_BYTES = 4 * 1024 ** 3;

/**
 * Returns the folder for databases. It is a RAM disk if possible, because each of some hundred thousand commits
 * waits for the disk. Specs kill processes but never the machine, so this is safe.
 */
async function folderOfDatabases() {
  try {
    const { bavail, bsize } = await statfs(RAM_DISK);
    return bavail * bsize > ROOM_BYTES ? RAM_DISK : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Before the first file: creates a folder for everything that specs write, and starts a PostgreSQL for all. */
export default async function setUpRun() {
  // PostgreSQL's own user reads a file that is written for it, and specs check modes.
  process.umask(0o022);
  // These settings of PostgreSQL's clients would also hold for the run's own server.
  for (const name of Object.keys(process.env)) if (/^PG[A-Z]/.test(name)) delete process.env[name];
  const folder = await mkdtemp(join(await folderOfDatabases(), 'tallychat-specs-'));
  // PostgreSQL does not run as root.
  await chmod(folder, 0o711);
  process.env.TMPDIR = folder;
  process.env.TEST_TEMPLATES = await mkdtemp(join(folder, 'templates-'));
  process.env.TEST_BREACHES = await mkdtemp(join(folder, 'breaches-'));
  await startPostgres();
}
