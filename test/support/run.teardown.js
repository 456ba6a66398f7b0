import { rm } from 'node:fs/promises';
import stopPostgres from './postgres.teardown.js';

/**
 * After the last file: stops PostgreSQL and removes the folder. A file may leave something that cannot be removed,
 * such as a mounted disk. That must not fail the run.
 */
export default async function tearDownRun() {
  await stopPostgres();
  try {
    await rm(process.env.TMPDIR, { recursive: true, force: true });
  } catch (error) {
    console.warn(`${process.env.TMPDIR} is left: ${error}`);
  }
}
