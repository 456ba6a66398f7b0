import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import { Databases } from '../database.js';
import { pinThisProcess } from '../pinning.js';
import { ServerProcess } from '../server-process.js';
import { filledDatabase, withServer } from '../stage.js';
import { toTable } from '../table.js';
import { Upstream } from '../upstream.js';
import { Load, type Outcomes } from './load.js';
import { FIGURES, growthOf, readSamples, type Sample } from './memory.js';
import { unreliable } from './unreliable-provider.js';
import { plot } from './plot.js';

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '60' },
    plot: { type: 'string' },
  },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];

/**
 * A short timeout, because the provider often hangs and 120 seconds for each hang would take most of the run.
 * Failures are expected, so they are not logged.
 */
const SETTINGS = { ANSWER_TIMEOUT_SECONDS: '3', LOG_LEVEL: 'fatal' };

const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

/** Sends requests to the service for the whole time, and returns its memory second by second. */
async function soak(databaseUrl: string, folder: string): Promise<[Outcomes, Sample[]]> {
  const path = join(folder, 'memory.jsonl');
  const probe = pathToFileURL(resolve('bench', 'memory-probe.js'));
  probe.searchParams.set('to', path);
  const upstream = await Upstream.start({ moody: unreliable() });
  const settings = { ...SETTINGS, ...upstream.settings };
  const starting = ServerProcess.service(databaseUrl, {
    settings,
    nodeOptions: ['--expose-gc', '--import', probe.href],
  });
  const outcomes = await withServer(starting, async (service) => {
    const load = new Load(service.url);
    await load.run(rate, minutes * 60);
    return load.outcomes;
  }).finally(() => upstream.stop());
  return [outcomes, await readSamples(path)];
}

/** Returns the output of the service's own audit. Throws if a balance is wrong. */
async function audit(databaseUrl: string): Promise<string> {
  const env = { DATABASE_URL: databaseUrl };
  const script = resolve('dist/src', 'audit.main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  return stdout.trim();
}

function outcomesTable(outcomes: Outcomes): string {
  const rows = Object.entries(outcomes).map(([kind, counts]) => [
    kind,
    Object.entries(counts)
      .map(([outcome, count]) => `${String(count)} ${outcome}`)
      .join(', '),
  ]);
  return toTable(['requests', 'outcomes'], rows);
}

/** Prints how memory changed. Returns whether it stayed flat. */
function judge(samples: readonly Sample[]): boolean {
  const growths = FIGURES.map(({ name, of }) => ({ name, ...growthOf(samples, of) }));
  const rows = growths.map(({ name, early, late, growth }) => [
    name,
    ...[mib(early), mib(late), `${(growth * 100).toFixed(1)} %`],
  ]);
  process.stdout.write(`\n${toTable(['MiB', 'early', 'at the end', 'growth'], rows)}\n`);
  return growths.every(({ isFlat }) => isFlat);
}

const databases = await Databases.open(values.database === 'postgres' ? 'postgres' : 'sqlite');
const folder = await mkdtemp(join(tmpdir(), 'tallychat-soak-'));
pinThisProcess();
try {
  const databaseUrl = await filledDatabase(databases);
  const [outcomes, samples] = await soak(databaseUrl, folder);
  const title = `${values.minutes} minutes of ${values.rate} requests a second, a provider that misbehaves`;
  process.stdout.write(`${databases.kind}: ${title}\n\n${outcomesTable(outcomes)}\n`);
  const isFlat = judge(samples);
  process.stdout.write(`\naudit: ${await audit(databaseUrl)}\n`);
  if (values.plot !== undefined) await writeFile(values.plot, plot(samples, title));
  process.exitCode = isFlat ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
  await databases.remove();
}
