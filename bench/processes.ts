import { chat } from './cases.js';
import type { Databases } from './database.js';
import { drive, type Measured } from './driver.js';
import { payers } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, type Section } from './stage.js';
import { fixed, median, toTable, whole } from './table.js';

const COUNTS = [1, 2, 3];
/** Number of all connections, for any number of processes. */
const CONNECTIONS = 64;
/** Seconds for each process. */
const WARM_UP_SECONDS = 5;
const requests = payers.map((person) => chat(person));
const HEADING = 'processes,chats/s,p99 ms,service CPU ms,PostgreSQL CPU ms,errors'.split(',');

/** The results of one run in which all processes get requests at once. */
interface Run {
  readonly processes: number;
  readonly answersPerSecond: number;
  /** The p99 of the slowest process. */
  readonly p99: number;
  /** CPU time for one answer: of the service's processes, and of the database's. */
  readonly serviceMs: number;
  readonly databaseMs: number;
  readonly errors: number;
}

async function runOnce(
  databases: Databases,
  services: readonly ServerProcess[],
  seconds: number,
): Promise<Run> {
  const cpu = async () => {
    const times = await Promise.all(services.map((service) => service.cpuMs()));
    return [times.reduce((sum, ms) => sum + ms, 0), await databases.cpuMs()] as const;
  };
  const load = { connections: Math.ceil(CONNECTIONS / services.length), seconds };
  const before = await cpu();
  const runs = await Promise.all(services.map(({ url }) => drive(url, requests, load)));
  const after = await cpu();
  const sum = (of: (run: Measured) => number) => runs.reduce((total, run) => total + of(run), 0);
  const answers = sum((run) => run.answers);
  return {
    processes: services.length,
    answersPerSecond: sum((run) => run.answers / run.seconds),
    p99: Math.max(...runs.map(({ p99 }) => p99)),
    serviceMs: (after[0] - before[0]) / answers,
    databaseMs: (after[1] - before[1]) / answers,
    errors: sum(({ refused, broken }) => refused + broken),
  };
}

/** Runs rounds of chats on `count` processes that share one database. */
async function measureCount(
  databases: Databases,
  { rounds, seconds }: Plan,
  databaseUrl: string,
  count: number,
): Promise<Run[]> {
  const services: ServerProcess[] = [];
  try {
    // One after another, because the first one migrates.
    while (services.length < count) {
      services.push(await ServerProcess.service(databaseUrl, { side: 'any' }));
    }
    // Each process only has a part of the cores to compile its hot code, so the warm-up is longer.
    await runOnce(databases, services, WARM_UP_SECONDS * count);
    const runs: Run[] = [];
    while (runs.length < rounds) runs.push(await runOnce(databases, services, seconds));
    return runs;
  } finally {
    for (const service of services) await service.stop();
  }
}

/** Measures the chats of one, two and three processes on one PostgreSQL, and the CPU time of an answer. */
export async function measureProcesses(databases: Databases, plan: Plan): Promise<Section> {
  const databaseUrl = await filledDatabase(databases);
  const runs: Run[] = [];
  for (const count of COUNTS) {
    runs.push(...(await measureCount(databases, plan, databaseUrl, count)));
  }
  const rows = COUNTS.map((count) => {
    const group = runs.filter(({ processes }) => processes === count);
    const middle = (name: 'answersPerSecond' | 'p99' | 'serviceMs' | 'databaseMs') =>
      median(group.map((run) => run[name]));
    return [
      String(count),
      whole(middle('answersPerSecond')),
      fixed(middle('p99'), 1),
      fixed(middle('serviceMs'), 2),
      fixed(middle('databaseMs'), 2),
      String(group.reduce((total, { errors }) => total + errors, 0)),
    ];
  });
  const table = toTable(HEADING, rows);
  return { title: 'processes: several on one PostgreSQL', table, figures: runs };
}
