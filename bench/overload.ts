import { chat, login } from './cases.js';
import type { Databases } from './database.js';
import { drive, type Measured } from './driver.js';
import { logins, payers } from './people.js';
import { waitUntilIdle, type Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, median, toTable, whole } from './table.js';

/** Number of connections whose chats are measured. */
const CHAT_CONNECTIONS = 8;
/** Numbers of clients that log in without pause: none, as many as the queue of hashes accepts, and more. */
const LOGIN_CLIENTS = [0, 64, 128];

const HEADING =
  'clients logging in,chats/s,p50 ms,p99 ms,chat errors,logins/s,told 503,broken'.split(',');

interface LoginLoadRun {
  readonly storm: number;
  readonly chats: Measured;
  readonly logins: Measured | undefined;
}

/** Measures chats while other clients only log in. */
async function runWithLogins(url: string, storm: number, seconds: number): Promise<LoginLoadRun> {
  const chats = drive(
    url,
    payers.map((person) => chat(person)),
    { connections: CHAT_CONNECTIONS, seconds },
  );
  const loginLoad =
    storm > 0 ? drive(url, logins.map(login), { connections: storm, seconds }) : undefined;
  const [answered, loginRuns] = await Promise.all([chats, loginLoad]);
  await waitUntilIdle(url);
  return { storm, chats: answered, logins: loginRuns };
}

function toRow(storm: number, runs: readonly LoginLoadRun[]): string[] {
  const chats = runs.map((run) => run.chats);
  const loginRuns = runs.map((run) => run.logins).filter((run) => run !== undefined);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return [
    String(storm),
    whole(median(chats.map(({ answers, seconds }) => answers / seconds))),
    fixed(median(chats.map(({ p50 }) => p50)), 1),
    fixed(median(chats.map(({ p99 }) => p99)), 1),
    String(sum(chats.map(({ refused, broken }) => refused + broken))),
    whole(median(loginRuns.map(({ answers, seconds }) => answers / seconds))),
    String(sum(loginRuns.map(({ refused }) => refused))),
    String(sum(loginRuns.map(({ broken }) => broken))),
  ];
}

/** Measures how a storm of logins slows chats. */
export async function measureOverload(databases: Databases, plan: Plan): Promise<Section> {
  const url = await filledDatabase(databases);
  const runs: LoginLoadRun[] = [];
  await withServer(ServerProcess.service(url), async (service) => {
    await runWithLogins(service.url, 0, plan.seconds);
    for (let round = 1; round <= plan.rounds; round += 1) {
      for (const storm of LOGIN_CLIENTS)
        runs.push(await runWithLogins(service.url, storm, plan.seconds));
    }
  });
  const rows = LOGIN_CLIENTS.map((storm) =>
    toRow(
      storm,
      runs.filter((run) => run.storm === storm),
    ),
  );
  return {
    title: `overload: chats of ${String(CHAT_CONNECTIONS)} clients beside others who log in`,
    table: toTable(HEADING, rows),
    figures: runs,
  };
}
