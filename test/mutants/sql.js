import { fork } from 'node:child_process';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import startPostgres from '../support/postgres.setup.js';
import stopPostgres from '../support/postgres.teardown.js';
import { SPECS } from './specs.js';
import { CHANGES } from './sql-changes.js';

/**
 * `npm run mutants:sql`: tries the changes of sql-changes.js one by one. Each must make a spec fail. Words after
 * the command name the files whose changes are tried.
 */

/** Runs every step of a wallet, for which StrykerJS's many runs have no time. */
const MODEL = ['sqlite', 'postgres'].map((kind) => `test/wallet/wallet-model.${kind}.spec.ts`);
const TIMEOUT_MS = 180_000;
const BOX = resolve('data/mutants-sql');
const wanted = process.argv.slice(2).map((file) => file.replace(/\.ts$/, '.js'));

/** Resolves with the first test that fails, or undefined if all pass. */
function firstFailure() {
  return new Promise((resolve) => {
    const child = fork('test/mutants/run-specs.js', { cwd: BOX, stdio: 'ignore' });
    const clock = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    let report;
    child.once('message', (message) => {
      report = message;
      child.kill();
    });
    child.once('close', (code, signal) => {
      clearTimeout(clock);
      const failed = report?.results.find(({ status }) => status === 'failed');
      resolve(report ? failed?.id : `the process ended with ${code ?? signal}`);
    });
    child.send({ files: [...SPECS, ...MODEL], bail: true });
  });
}

async function tryChange(file, from, to) {
  const path = resolve(BOX, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const failure = await firstFailure();
  writeFileSync(path, text);
  console.log(`${failure ? 'killed  ' : 'SURVIVED'} ${file}: ${from} -> ${to} ${failure ?? ''}`);
  return failure !== undefined;
}

rmSync(BOX, { recursive: true, force: true });
for (const name of ['src', 'test', 'ormconfig.ts', 'package.json', '.swcrc']) {
  cpSync(name, resolve(BOX, name), { recursive: true });
}
symlinkSync(resolve('node_modules'), resolve(BOX, 'node_modules'));
await new Promise((built) => fork('test/mutants/build.js', { cwd: BOX }).once('close', built));
await startPostgres();
const outcomes = [];
for (const [file, changes] of Object.entries(CHANGES)) {
  if (wanted.length > 0 && !wanted.includes(file)) continue;
  for (const [from, to] of changes) outcomes.push(await tryChange(file, from, to));
}
await stopPostgres();
rmSync(BOX, { recursive: true, force: true });
const killed = outcomes.filter(Boolean).length;
console.log(`${killed} of ${outcomes.length} killed`);
process.exitCode = killed === outcomes.length ? 0 : 1;
