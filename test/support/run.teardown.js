import { rm } from 'node:fs/promises';
import stopPostgres from './postgres.teardown.js';

/** After the last file. What a file has left in the folder, as a mounted disk, must not fail all of them. */
export default async function tearDownRun() {
  await stopPostgres();
  try {
    await rm(process.env.TMPDIR, { recursive: true, force: true });
  } catch (error) {
    console.warn(`${process.env.TMPDIR} is left: ${error}`);
  }
}
