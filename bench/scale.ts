import { balance, chat, firstPage } from './cases.js';
import { execute, type Databases } from './database.js';
import { drive, type HttpRequest, type Measured } from './driver.js';
import { insertTurns, reader, USERS } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, median, toTable, whole } from './table.js';

const MILLION = 1_000_000;
const CONNECTIONS = 16;
const PRICE = 100;

const HEADING = 'case,empty/s,full/s,empty/full,errors'.split(',');

const CASES: readonly { name: string; request: HttpRequest }[] = [
  { name: 'balance', request: balance(reader) },
  { name: 'chat', request: chat(reader) },
  { name: 'first page', request: firstPage(reader) },
];

const numbers = (from: number, to: number) =>
  `WITH RECURSIVE numbers(n) AS (SELECT ${String(from)} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${String(to)})`;
const idOf = (first: string) => `'${first}-0000-7000-8000-' || CAST(100000000000 + n AS text)`;

/** Returns SQL that inserts a million users, each with a token and a wallet. */
function manyUsers(url: string): string {
  const digest = url.startsWith('sqlite:')
    ? 'lower(hex(randomblob(32)))'
    : 'md5(random()::text) || md5(random()::text)';
  const many = `${numbers(1, MILLION)} SELECT ${idOf('10000000')}`;
  return `INSERT INTO ${USERS} ${many}, 'user' || n, 'user' || n, '', '', true, false, 0 FROM numbers;
    INSERT INTO access_tokens ${many}, ${digest}, ${idOf('10000000')}, 0, 0 FROM numbers;
    INSERT INTO wallets ${many}, 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0 FROM numbers;`;
}

/** Returns SQL that inserts a million charges of one wallet. Its balance stays the sum of its entries. */
function manyEntries(): string {
  const [{ id }, count] = [reader, String(MILLION)];
  const total = `(SELECT balance FROM wallets WHERE owner_id = '${id}')`;
  return `INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, hold_id, turn_id, created_at)
    ${numbers(1, MILLION)} SELECT ${idOf('20000000')}, '${id}', n + 1, 'charge', -${String(PRICE)}, ${total} - n * ${String(PRICE)},
      'chat message to echo', '${id}', ${idOf('30000000')}, n FROM numbers;
    UPDATE wallets SET balance = balance - ${count} * ${String(PRICE)}, entry_count = entry_count + ${count}
      WHERE owner_id = '${id}';`;
}

/** Returns SQL that replaces the short history with a long one. */
const manyTurns = () => `DELETE FROM turns WHERE owner_id = '${reader.id}';
  DELETE FROM conversations WHERE owner_id = '${reader.id}'; ${insertTurns(reader, MILLION)}`;

async function fullDatabase(databases: Databases): Promise<string> {
  const url = await filledDatabase(databases);
  await execute(url, `BEGIN; ${manyUsers(url)} COMMIT;`);
  await execute(url, `BEGIN; ${manyEntries()} ${manyTurns()} COMMIT;`);
  if (databases.kind === 'postgres') await execute(url, 'VACUUM ANALYZE');
  return url;
}

interface ScaleRun extends Measured {
  readonly case: string;
  readonly target: 'empty' | 'full';
}

function toRow(name: string, runs: readonly ScaleRun[]): string[] {
  const rates = (wanted: ScaleRun['target']) =>
    runs
      .filter((run) => run.case === name && run.target === wanted)
      .map(({ answers, seconds }) => answers / seconds);
  const [empty, full] = [rates('empty'), rates('full')];
  const errors = runs
    .filter((run) => run.case === name)
    .reduce((sum, { refused, broken }) => sum + refused + broken, 0);
  const ratios = empty.map((rate, round) => rate / (full[round] ?? NaN));
  const cells = [whole(median(empty)), whole(median(full)), fixed(median(ratios), 2)];
  return [name, ...cells, String(errors)];
}

/** Measures the same requests on a database without history and on one with a million users, entries and turns. */
export async function measureScale(databases: Databases, plan: Plan): Promise<Section> {
  const urls = { empty: await filledDatabase(databases), full: await fullDatabase(databases) };
  const runs: ScaleRun[] = [];
  await withServer(ServerProcess.service(urls.empty), (empty) =>
    withServer(ServerProcess.service(urls.full), async (full) => {
      for (let round = 0; round <= plan.rounds; round += 1) {
        for (const { name, request } of CASES) {
          for (const [target, { url }] of Object.entries({ empty, full })) {
            const load = { connections: CONNECTIONS, seconds: plan.seconds };
            const measured = await drive(url, [request], load);
            // The first round warms up.
            if (round > 0) runs.push({ case: name, target: target as 'empty', ...measured });
          }
        }
      }
    }),
  );
  return {
    title: 'scale: a million entries, turns and users',
    table: toTable(
      HEADING,
      CASES.map(({ name }) => toRow(name, runs)),
    ),
    figures: runs,
  };
}
