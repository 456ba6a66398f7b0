import { rm } from 'node:fs/promises';
import stopPostgres from './postgres.teardown.js';

/** After the last file: stops PostgreSQL and removes the folder. */
export default async function tearDownRun() {
  await stopPostgres();
  await rm(process.env.TMPDIR, { recursive: true, force: true });
}
