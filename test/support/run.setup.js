import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import startPostgres from './postgres.setup.js';

/** Before the first file: a PostgreSQL for all, and a folder in which files note what they found. */
export default async function setUpRun() {
  process.env.TEST_BREACHES = await mkdtemp(join(tmpdir(), 'tallychat-breaches-'));
  await startPostgres();
}
