import { spawn } from 'node:child_process';
import startPostgres from '../support/postgres.setup.js';
import stopPostgres from '../support/postgres.teardown.js';
import { selectSpecs } from './specs.js';

/**
 * `npm run mutants`: runs StrykerJS with one PostgreSQL for all its runs. StrykerJS is 79 packages that nothing else needs,
 * so `npm ci` does not install it. Here npm fetches this version, and keeps it in its own cache.
 */
const STRYKER = ['exec', '--yes', '--package=@stryker-mutator/core@9.6.1', '--', 'stryker'];

const asked = process.argv.slice(2);
selectSpecs(asked);

await startPostgres();
const words = [...STRYKER, 'run', ...asked];
const stryker = spawn('npm', words, { stdio: 'inherit' });
process.exitCode = await new Promise((resolve) => stryker.once('close', resolve));
await stopPostgres();
