import { fork } from 'node:child_process';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import startPostgres from '../support/postgres.setup.js';
import stopPostgres from '../support/postgres.teardown.js';
import { SPECS } from './specs.js';

/**
 * `npm run mutants:sql`: StrykerJS changes code, and leaves the text of a statement alone or empties it;
 * but the guards of the money are SQL. Each of these changes must make a spec fail.
 */
const CHANGES = {
  'src/wallet/spending.js': [
    ['balance - held >= ${amount}', 'balance - held > ${amount}'],
    ['balance - held >= ${amount}', 'balance >= ${amount}'],
    [
      '${spentOn(day)} + held + ${amount} <= daily_limit',
      '${spentOn(day)} + held + ${amount} < daily_limit',
    ],
    [
      '${spentOn(day)} + held + ${amount} <= daily_limit',
      '${spentOn(day)} + ${amount} <= daily_limit',
    ],
    ['${spentOn(day)} + held + ${amount} <= daily_limit', 'held + ${amount} <= daily_limit'],
  ],
  'src/wallet/charges.service.js': [
    [
      '/* wallet.charge */ UPDATE wallets SET balance = balance - $2',
      '/* wallet.charge */ UPDATE wallets SET balance = balance',
    ],
    [
      'entry_count = entry_count + $4,\n         spent_amount',
      'entry_count = entry_count,\n         spent_amount',
    ],
    ["spent_amount = ${spentOn('$3')} + $2", "spent_amount = ${spentOn('$3')}"],
    ["spent_day = ${dayCounted('$3')}", 'spent_day = spent_day'],
    ["AND ${covers('$2', '$3')} RETURNING ${WALLET_ROW}", 'RETURNING ${WALLET_ROW}'],
    ['SET balance = balance - due', 'SET balance = balance'],
    ['entry_count = entry_count + entries', 'entry_count = entry_count'],
    ["spent_amount = ${spentOn('$2')} + due", "spent_amount = ${spentOn('$2')}"],
    ["spent_day = ${dayCounted('$2')}", 'spent_day = spent_day'],
    ["AND ${covers('due', '$2')}", ''],
    ['AND free.id = payer', ''],
    ['WHERE owner_id = free.id AND', 'WHERE'],
  ],
  'src/wallet/dues.js': [['FOR NO KEY UPDATE SKIP LOCKED', '']],
  'src/wallet/gathered-holds.service.js': [
    ['SET held = held + due', 'SET held = held'],
    ["AND ${covers('due', '$2')}", ''],
    ['AND free.id = payer', ''],
    ["AND coalesce(state, '') = 'open'", ''],
    ['captured_amount = taken', 'captured_amount = 0'],
    ['AND open_id = hold_id', ''],
    ['SET balance = balance - due', 'SET balance = balance'],
    ['held = held - freed', 'held = held'],
    ['entry_count = entry_count + entries', 'entry_count = entry_count'],
    ["spent_amount = ${spentOn('$2')} + due", "spent_amount = ${spentOn('$2')}"],
    ['AND owner_id = payer', ''],
  ],
  'src/wallet/holds.service.js': [
    [
      "SET held = held + $2 WHERE owner_id = $1 AND ${covers('$2', '$3')}",
      'SET held = held + $2 WHERE owner_id = $1',
    ],
    ['SET held = held + $2', 'SET held = held'],
    ["AND coalesce(state, '') = 'open'", ''],
    ['SET balance = balance - $2, held = held - $3', 'SET balance = balance, held = held - $3'],
    ['held = held - $3', 'held = held'],
    [
      "entry_count = entry_count + $4, spent_amount = ${spentOn('$5')}",
      "entry_count = entry_count, spent_amount = ${spentOn('$5')}",
    ],
    ["spent_amount = ${spentOn('$5')} + $2", "spent_amount = ${spentOn('$5')}"],
    ["spent_day = ${dayCounted('$5')}", 'spent_day = spent_day'],
    ['SET held = held - $2', 'SET held = held'],
    [', claim_route = NULL, claim_key = NULL, claim_hash = NULL', ''],
    ['WHERE owner_id = $1 AND claim_route', 'WHERE $1 = $1 AND claim_route'],
    ['AND claim_route = $2 AND', 'AND $2 = $2 AND'],
  ],
  'src/wallet/wallet.service.js': [
    ['SET balance = balance + $2', 'SET balance = balance'],
    ['entry_count = entry_count + 1', 'entry_count = entry_count'],
    ['WHERE owner_id = $1 AND claim_route', 'WHERE $1 = $1 AND claim_route'],
    ['balance - held AS available', 'balance AS available'],
  ],
  'src/wallet/redemption.service.js': [['AND redeemed_by IS NULL', '']],
  'src/wallet/hold-sweeper.js': [
    ['expires_at <= $1', 'expires_at > $1'],
    ["state = 'open' AND process_id = $1", "state = 'open' AND $1 = $1"],
    ['created_at < $1', 'created_at > $1'],
  ],
  'src/wallet/ledger-reader.js': [
    ["'owner_id = $1'", "'$1 = $1'"],
    ['turn_id = $', 'turn_id <> $'],
  ],
  'src/usage/usage.service.js': [
    ['e.owner_id = $1 AND', '$1 = $1 AND'],
    ["AND e.kind = 'charge'", ''],
    ['e.created_at >= $2', 'e.created_at > $2'],
    ['e.created_at < $3', 'e.created_at <= $3'],
  ],
  'src/wallet/audit.js': [
    ["AND h.state = 'open'), 0)`", '), 0)`'],
    ["AND e.kind = 'charge'), 0)`", '), 0)`'],
    ['ROWS UNBOUNDED PRECEDING', 'ROWS CURRENT ROW'],
    ['ORDER BY owner_id LIMIT $2', 'LIMIT $2 OFFSET 1'],
  ],
};
/** Asks for every step of a wallet, which StrykerJS's many runs have no time for. */
const MODEL = ['sqlite', 'postgres'].map((kind) => `test/wallet/wallet-model.${kind}.spec.ts`);
const TIMEOUT_MS = 180_000;
const BOX = resolve('data/mutants-sql');

/** Resolves with the first test that fails; undefined where none does. */
function firstFailure() {
  return new Promise((told) => {
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
      told(report ? failed?.id : `the process ended with ${code ?? signal}`);
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
  for (const [from, to] of changes) outcomes.push(await tryChange(file, from, to));
}
await stopPostgres();
rmSync(BOX, { recursive: true, force: true });
const killed = outcomes.filter(Boolean).length;
console.log(`${killed} of ${outcomes.length} killed`);
process.exitCode = killed === outcomes.length ? 0 : 1;
