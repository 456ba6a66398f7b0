import { fork } from 'node:child_process';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import startPostgres from '../support/postgres.setup.js';
import stopPostgres from '../support/postgres.teardown.js';
import { SPECS } from './specs.js';

/**
 * `npm run mutants:sql`: StrykerJS changes code, and leaves the text of a statement alone or empties it;
 * but the guards of the money are SQL. Each of these changes must make a spec fail. Words after it are the files
 * whose changes alone are tried.
 */
const CHANGES = {
  'src/wallet/spending.js': [
    ['${AVAILABLE} >= ${amount}', '${AVAILABLE} > ${amount}'],
    ['${AVAILABLE} >= ${amount}', 'balance >= ${amount}'],
    ["AVAILABLE = 'balance - held'", "AVAILABLE = 'balance'"],
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
    ['entry_count = entry_count + $4', 'entry_count = entry_count'],
    ["spent_amount = ${spentOn('$3')} + $2", "spent_amount = ${spentOn('$3')}"],
    ["spent_day = ${dayCounted('$3')}", 'spent_day = spent_day'],
    ["AND ${canPay('$2', '$3')}", ''],
    ["AND ${hasRoom('$5', '$6', '$7', '$8')}", ''],
    ["${addStored('$5', '$6')}", 'stored_bytes = stored_bytes'],
    ['SET balance = balance - due', 'SET balance = balance'],
    ['entry_count = entry_count + entries', 'entry_count = entry_count'],
    ["spent_amount = ${spentOn('$2')} + due", "spent_amount = ${spentOn('$2')}"],
    ["spent_day = ${dayCounted('$2')}", 'spent_day = spent_day'],
    ["AND ${canPay('due', '$2')}", ''],
    ["AND ${hasRoom('bytes', 'opened', '$4', '$5')}", ''],
    ["${addStored('bytes', 'opened')}", 'stored_bytes = stored_bytes'],
    ['AND free.id = payer', ''],
    ['WHERE owner_id = free.id AND', 'WHERE'],
  ],
  'src/wallet/owner-totals.js': [['FOR NO KEY UPDATE SKIP LOCKED', '']],
  'src/wallet/batched-holds.service.js': [
    ['SET held = held + due', 'SET held = held'],
    ["AND ${canPay('due', '$2')}", ''],
    ["AND ${hasRoom('bytes', 'opened', '$4', '$5')}", ''],
    ["${addStored('bytes', 'opened')}", 'stored_bytes = stored_bytes'],
    ['stored_bytes = stored_bytes + bytes', 'stored_bytes = stored_bytes'],
    ['last_ordinal = last_ordinal + spends', 'last_ordinal = last_ordinal'],
    ['last_ordinal = last_ordinal + ends', 'last_ordinal = last_ordinal'],
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
    ["AND ${canPay('$2', '$3')}", ''],
    ["AND ${hasRoom('$4', '$5', '$6', '$7')}", ''],
    ["${addStored('$4', '$5')}", 'stored_bytes = stored_bytes'],
    ['stored_bytes = stored_bytes + $6', 'stored_bytes = stored_bytes'],
    ['stored_bytes = stored_bytes + $3', 'stored_bytes = stored_bytes'],
    ['SET held = held + $2', 'SET held = held'],
    ["AND coalesce(state, '') = 'open'\n       RETURNING owner_id", 'RETURNING owner_id'],
    ['SET balance = balance - $2, held = held - $3', 'SET balance = balance, held = held - $3'],
    ['held = held - $3', 'held = held'],
    ['entry_count = entry_count + $4', 'entry_count = entry_count'],
    ["spent_amount = ${spentOn('$5')} + $2", "spent_amount = ${spentOn('$5')}"],
    ["spent_day = ${dayCounted('$5')}", 'spent_day = spent_day'],
    ['SET held = held - $2', 'SET held = held'],
    [', claim_route = NULL, claim_key = NULL, claim_hash = NULL', ''],
    ['WHERE owner_id = $1 AND claim_route', 'WHERE $1 = $1 AND claim_route'],
    ['AND claim_route = $2 AND', 'AND $2 = $2 AND'],
  ],
  'src/wallet/caps.service.js': [
    ['SET held = held + $2', 'SET held = held'],
    ["WHERE id = $1 AND ${capHasRoom('$2', '$3', '$4')}", 'WHERE id = $1'],
    ["spent_amount = ${spentIn('$3', '$4')} + $2", "spent_amount = ${spentIn('$3', '$4')}"],
    [
      "${periodCounted('$3', '$4')}\n       WHERE id = $1 AND ${capHasRoom('$2', '$3', '$4')}",
      "${periodCounted('$3', '$4')}\n       WHERE id = $1",
    ],
    ["${spentIn('$2', '$3')} + due", "${spentIn('$2', '$3')}"],
    ["AND ${capHasRoom('due', '$2', '$3')}", ''],
    ['AND free_id = payer', ''],
    ['spent_amount = spent_amount - due', 'spent_amount = spent_amount'],
    ['WHERE id = payer RETURNING', 'RETURNING'],
    ['SET held = held - $2', 'SET held = held'],
    ["${spentIn('$4', '$5')} + $3", "${spentIn('$4', '$5')}"],
    ['spent_amount = 0, spent_period', 'spent_period'],
    ["AND coalesce(reset, '') <> $4", ''],
  ],
  'src/wallet/cap-period.js': [
    ['+ held + ${amount} <= limit_amount', '+ held + ${amount} < limit_amount'],
    ['+ held + ${amount} <= limit_amount', '+ ${amount} <= limit_amount'],
    ['${spentIn(day, month)} + held + ${amount} <=', 'held + ${amount} <='],
  ],
  'src/wallet/stored.js': [
    ['stored_bytes + ${bytes} <= ${bytesMax}', 'stored_bytes + ${bytes} < ${bytesMax}'],
    ['conversation_count + ${conversations} <=', 'conversation_count + ${conversations} <'],
  ],
  'src/wallet/storage.service.js': [
    ["AND ${hasRoom('$2', '$3', '$4', '$5')}", ''],
    ["${addStored('$2', '$3')}", 'stored_bytes = stored_bytes'],
    ['stored_bytes = stored_bytes - $2', 'stored_bytes = stored_bytes'],
    ['conversation_count = conversation_count - $3', 'conversation_count = conversation_count'],
  ],
  'src/wallet/wallet.service.js': [
    ['SET balance = balance + $2', 'SET balance = balance'],
    ['entry_count = entry_count + 1', 'entry_count = entry_count'],
    ['WHERE owner_id = $1 AND claim_route', 'WHERE $1 = $1 AND claim_route'],
    ['${AVAILABLE} AS available', 'balance AS available'],
  ],
  'src/wallet/redemption.service.js': [['AND redeemed_by IS NULL', '']],
  'src/wallet/open-holds.js': [
    ['expires_at <= $1', 'expires_at > $1'],
    ["state = 'open' AND process_id = $1", "state = 'open' AND $1 = $1"],
  ],
  'src/wallet/old-rows.js': [
    ['created_at < $1', 'created_at > $1'],
    ["captured_amount = 0 AND state <> 'open' AND", "state <> 'open' AND"],
    ["captured_amount = 0 AND state <> 'open' AND", 'captured_amount = 0 AND'],
    ["state <> 'open' AND claim_key IS NULL", "state <> 'open'"],
    ['AND resolved_at < $1', ''],
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
    ["AND e.kind = 'charge' AND", 'AND'],
    ['ROWS UNBOUNDED PRECEDING', 'ROWS CURRENT ROW'],
    ['ORDER BY owner_id LIMIT $2', 'LIMIT $2 OFFSET 1'],
  ],
};
/** Asks for every step of a wallet, which StrykerJS's many runs have no time for. */
const MODEL = ['sqlite', 'postgres'].map((kind) => `test/wallet/wallet-model.${kind}.spec.ts`);
const TIMEOUT_MS = 180_000;
const BOX = resolve('data/mutants-sql');
const wanted = process.argv.slice(2).map((file) => file.replace(/\.ts$/, '.js'));

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
  if (wanted.length > 0 && !wanted.includes(file)) continue;
  for (const [from, to] of changes) outcomes.push(await tryChange(file, from, to));
}
await stopPostgres();
rmSync(BOX, { recursive: true, force: true });
const killed = outcomes.filter(Boolean).length;
console.log(`${killed} of ${outcomes.length} killed`);
process.exitCode = killed === outcomes.length ? 0 : 1;
