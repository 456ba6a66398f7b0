import { spawn } from 'node:child_process';
import startPostgres from '../support/postgres.setup.js';
import stopPostgres from '../support/postgres.teardown.js';

/** `npm run mutants`: runs StrykerJS with one PostgreSQL for all its runs. */
const STRYKER = 'node_modules/@stryker-mutator/core/bin/stryker.js';

await startPostgres();
const words = [STRYKER, 'run', ...process.argv.slice(2)];
const stryker = spawn(process.execPath, words, { stdio: 'inherit' });
process.exitCode = await new Promise((resolve) => stryker.once('close', resolve));
await stopPostgres();
