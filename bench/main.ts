import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { CASES } from './cases.js';
import { Databases, type DatabaseKind } from './database.js';
import { DRIVER } from './driver.js';
import { addPeople } from './people.js';
import { IS_PINNED } from './pinning.js';
import { runRounds, type Plan, type Run } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { ratesTable } from './table.js';

const USAGE = `usage: npm run bench -- [options]
  --database sqlite|postgres   what both run on (sqlite)
  --only balance,chat          cases whose names begin so (all)
  --connections 1,16,64
  --rounds 5
  --seconds 2                  of each run
  --json                       every run, instead of the table of medians
`;

interface Options {
  readonly kind: DatabaseKind;
  readonly plan: Plan;
  readonly json: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      database: { type: 'string', default: 'sqlite' },
      only: { type: 'string', default: '' },
      connections: { type: 'string', default: '1,16,64' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
    },
  });
  const { database: kind, only, connections, rounds, seconds, json } = values;
  if (kind !== 'sqlite' && kind !== 'postgres') throw new Error(`unknown database: ${kind}`);
  const cases = CASES.filter(({ name }) => only.split(',').some((word) => name.startsWith(word)));
  const counts = connections.split(',').map(Number);
  const numbers = [...counts, Number(rounds), Number(seconds)];
  if (!numbers.every((number) => Number.isInteger(number) && number > 0)) {
    throw new Error('connections, rounds and seconds are whole numbers above zero');
  }
  const plan = { cases, connections: counts, rounds: Number(rounds), seconds: Number(seconds) };
  return { kind, plan, json };
}

/** A database with the service's own schema and the people to drive it with. */
async function filledDatabase(databases: Databases): Promise<string> {
  const url = await databases.create();
  const service = await ServerProcess.service(url);
  try {
    await addPeople(url, service.url);
  } finally {
    await service.stop();
  }
  return url;
}

const progress = (run: Run) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${JSON.stringify(run)}`);
};

/** Drives the service and the floor, each on a database of its own. */
async function measure(databases: Databases, plan: Plan): Promise<Run[]> {
  const floor = await ServerProcess.floor(await filledDatabase(databases));
  try {
    const service = await ServerProcess.service(await filledDatabase(databases));
    try {
      return await runRounds({ service: service.url, floor: floor.url }, plan, progress);
    } finally {
      await service.stop();
    }
  } finally {
    await floor.stop();
  }
}

function surroundings({ kind, plan }: Options): string {
  const cores = IS_PINNED
    ? 'server on one core, driver on another'
    : 'server and driver not pinned';
  const machine = `${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}`;
  const rounds = `${String(plan.rounds)} rounds of ${String(plan.seconds)} s`;
  return `${kind}, ${rounds}, ${DRIVER}, ${cores}; ${machine}, Node ${process.version}`;
}

async function run(options: Options): Promise<void> {
  const databases = await Databases.open(options.kind);
  try {
    const runs = await measure(databases, options.plan);
    const told = surroundings(options);
    const text = options.json
      ? JSON.stringify({ surroundings: told, runs }, undefined, 1)
      : `${told}\n\n${ratesTable(runs)}`;
    process.stdout.write(`${text}\n`);
  } finally {
    await databases.remove();
  }
}

/** Ends with a failure, said in words. */
function fail(error: unknown, hint = ''): never {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${hint}`);
  process.exit(2);
}

let options: Options;
try {
  options = readOptions();
} catch (error) {
  fail(error, USAGE);
}
await run(options).catch(fail);
