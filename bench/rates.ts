import type { Databases } from './database.js';
import { runRounds, type Plan, type Run } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, median, toTable, whole } from './table.js';

const HEADING = 'case,conns,ours/s,p50 ms,p99 ms,floor/s,ours/floor,errors'.split(',');

const rateOf = ({ answers, seconds }: Run) => answers / seconds;
const keyOf = (run: Run) => `${run.case}|${String(run.connections)}`;

/** Returns one row for each case and number of connections: medians over the rounds, and the sum of errors. */
function ratesTable(runs: readonly Run[]): string {
  const rows = [...new Set(runs.map(keyOf))].map((key) => {
    const group = runs.filter((run) => keyOf(run) === key);
    const ours = group.filter(({ target }) => target === 'service');
    const floor = group.filter(({ target }) => target === 'floor');
    const ratios = floor.map((run, round) => rateOf(ours[round] ?? run) / rateOf(run));
    const errors = group.reduce((sum, { refused, broken }) => sum + refused + broken, 0);
    return [
      ...key.split('|'),
      whole(median(ours.map(rateOf))),
      fixed(median(ours.map(({ p50 }) => p50)), 1),
      fixed(median(ours.map(({ p99 }) => p99)), 1),
      whole(median(floor.map(rateOf))),
      fixed(median(ratios), 2),
      String(errors),
    ];
  });
  return toTable(HEADING, rows);
}

const progress = (run: Run) => {
  if (process.stderr.isTTY) process.stderr.write(`${JSON.stringify(run)}\n`);
};

/** Measures answers a second of the service and the floor in turn, each on its own database. */
export async function measureRates(databases: Databases, plan: Plan): Promise<Section> {
  const floorUrl = await filledDatabase(databases);
  const serviceUrl = await filledDatabase(databases);
  const runs = await withServer(ServerProcess.floor(floorUrl), (floor) =>
    withServer(ServerProcess.service(serviceUrl), (service) =>
      runRounds({ service: service.url, floor: floor.url }, plan, progress),
    ),
  );
  return { title: 'rates', table: ratesTable(runs), figures: runs };
}
