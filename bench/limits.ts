import { balance, login } from './cases.js';
import type { Databases } from './database.js';
import { drive, type Measured } from './driver.js';
import { logins, payers } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, median, percentile, toTable, whole } from './table.js';

const CONNECTIONS = 16;
/** Number of wrong passwords for a known name. As many are sent for unknown names, in turn. */
const GUESSES = 60;
/** A limit by the minute, like the default. No caller reaches it, because only the cost of counting is measured. */
const COUNTED = { RATE_LIMITS: 'on', RATE_LIMIT_READ: '9999999/m' };

const READS_HEADING = 'balances,a second,p50 ms,p99 ms,of those without limits'.split(',');
const GUESS_HEADING = 'a wrong password for,median ms,p10 ms,p90 ms'.split(',');

/** Measures the same reads with and without limits, in turn. */
async function measureReads(databases: Databases, { rounds, seconds }: Plan) {
  const urls = [await filledDatabase(databases), await filledDatabase(databases)] as const;
  const runs: { on: Measured; off: Measured }[] = [];
  await withServer(ServerProcess.service(urls[0], { settings: COUNTED }), (limited) =>
    withServer(ServerProcess.service(urls[1]), async (free) => {
      const once = ({ url }: ServerProcess) =>
        drive(url, payers.map(balance), { connections: CONNECTIONS, seconds });
      for (const service of [limited, free]) await once(service);
      for (let round = 1; round <= rounds; round += 1) {
        const off = await once(free);
        runs.push({ on: await once(limited), off });
      }
    }),
  );
  return runs;
}

/** Measures the time of a refused login, in milliseconds, for known and unknown names. */
async function measureGuesses(databases: Databases) {
  const url = await filledDatabase(databases);
  const times = { known: [] as number[], unknown: [] as number[] };
  await withServer(ServerProcess.service(url), async (service) => {
    const guess = async (username: string) => {
      const { path, method, headers, body } = login(username);
      const wrong = body?.replace('strong', 'wrong') ?? '';
      const startedAt = performance.now();
      await (await fetch(service.url + path, { method, headers, body: wrong })).text();
      return performance.now() - startedAt;
    };
    for (let n = 0; n < GUESSES; n += 1) {
      times.known.push(await guess(logins[n % logins.length] ?? ''));
      times.unknown.push(await guess(`nobody${String(n % logins.length)}`));
    }
  });
  return times;
}

/** Measures the cost of counting for reads, and whether the time of a refused login reveals a name. */
export async function measureLimits(databases: Databases, plan: Plan): Promise<Section> {
  const reads = await measureReads(databases, plan);
  const rateOf = ({ answers, seconds }: Measured) => answers / seconds;
  const readRows = (['off', 'on'] as const).map((key) => [
    `limits ${key}`,
    whole(median(reads.map((run) => rateOf(run[key])))),
    fixed(median(reads.map((run) => run[key].p50)), 1),
    fixed(median(reads.map((run) => run[key].p99)), 1),
    fixed(median(reads.map((run) => rateOf(run[key]) / rateOf(run.off))), 2),
  ]);
  const guesses = await measureGuesses(databases);
  const guessRows = (['known', 'unknown'] as const).map((key) => [
    `a name that is ${key}`,
    ...[50, 10, 90].map((percent) => fixed(percentile(guesses[key], percent), 1)),
  ]);
  const table = `${toTable(READS_HEADING, readRows)}\n\n${toTable(GUESS_HEADING, guessRows)}`;
  return { title: 'limits: what counting costs', table, figures: { reads, guesses } };
}
