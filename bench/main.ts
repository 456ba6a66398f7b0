import { cpus } from 'node:os';
import { measureBodies } from './bodies.js';
import { Databases } from './database.js';
import { DRIVER } from './driver.js';
import { measureFloods, measureHostile } from './hostile.js';
import { measureIdle } from './idle.js';
import { measureLimits } from './limits.js';
import { USAGE, readOptions, type Options } from './options.js';
import { measureOverload } from './overload.js';
import { IS_PINNED, pinThisProcess } from './pinning.js';
import { measureProcesses } from './processes.js';
import { measureRates } from './rates.js';
import { measureRealModels } from './real-models.js';
import { measureScale } from './scale.js';
import type { Section } from './stage.js';
import { measureStreams } from './streams.js';

function surroundings({ kind, plan }: Options): string {
  const cores = IS_PINNED ? 'server on one core, driver on another' : 'server and driver unpinned';
  const machine = `${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}`;
  const rounds = `${String(plan.rounds)} rounds of ${String(plan.seconds)} s`;
  return `${kind}, ${rounds}, ${DRIVER}, ${cores}; ${machine}, Node ${process.version}`;
}

/** Yields each requested part as soon as it is measured. */
async function* measure(
  databases: Databases,
  { plan, wants, against }: Options,
): AsyncGenerator<Section, void, undefined> {
  if (plan.cases.length > 0) yield await measureRates(databases, plan);
  if (wants('models')) yield await measureRealModels(databases, plan, against);
  if (wants('streams')) yield await measureStreams(databases, plan);
  if (wants('overload')) yield await measureOverload(databases, plan);
  if (wants('idle')) yield await measureIdle(databases, plan);
  if (wants('hostile', false)) yield await measureHostile(databases, plan);
  if (wants('bodies', false)) yield await measureBodies(databases);
  if (wants('floods', false)) yield await measureFloods(databases, plan);
  if (wants('limits', false)) yield await measureLimits(databases, plan);
  if (wants('processes', false)) yield await measureProcesses(databases, plan);
  if (wants('scale', false)) yield await measureScale(databases, plan);
}

async function run(options: Options): Promise<void> {
  const databases = await Databases.open(options.kind);
  // Only after the start of PostgreSQL, which would otherwise run on this core only.
  pinThisProcess();
  const conditions = surroundings(options);
  if (!options.json) process.stdout.write(`${conditions}\n`);
  const figures: Record<string, unknown> = {};
  try {
    for await (const section of measure(databases, options)) {
      figures[section.title] = section.figures;
      if (!options.json) process.stdout.write(`\n${section.title}\n\n${section.table}\n`);
    }
  } finally {
    await databases.remove();
  }
  if (!options.json) return;
  process.stdout.write(
    `${JSON.stringify({ surroundings: conditions, ...figures }, undefined, 1)}\n`,
  );
}

/** Prints the error and ends with a failure. */
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
