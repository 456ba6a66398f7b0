import type { Case } from './cases.js';
import { login } from './cases.js';
import { drive, type Measured } from './driver.js';
import { logins } from './people.js';

/** Number of connections for the warm-up before the first round. */
const WARM_UP_CONNECTIONS = 16;

/** The URL of each measured server. */
export interface Targets {
  readonly service: string;
  readonly floor: string;
}

export interface Plan {
  readonly cases: readonly Case[];
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
}

/** One run of the driver. */
export interface Run extends Measured {
  readonly case: string;
  readonly target: keyof Targets;
  readonly connections: number;
  readonly round: number;
}

/** Returns the targets of a round. The order alternates, so that neither target always runs second. */
const targetsOf = ({ hasFloor }: Case, round: number): (keyof Targets)[] => {
  if (!hasFloor) return ['service'];
  return round % 2 === 0 ? ['floor', 'service'] : ['service', 'floor'];
};

/** Resolves when the server has handled the requests that a finished run left open: a login waits for its turn. */
export async function waitUntilIdle(url: string): Promise<void> {
  const { path, method, headers, body = '' } = login(logins[0] ?? '');
  await fetch(url + path, { method, headers, body });
}

/** Measures every case in turn, on the service and the floor one after the other, in each round. */
export async function runRounds(
  targets: Targets,
  { cases, connections, rounds, seconds }: Plan,
  report: (run: Run) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  const once = async (item: Case, target: keyof Targets, count: number) => {
    const load = { connections: count, seconds };
    const measured = await drive(targets[target], item.requests(seconds), load);
    await waitUntilIdle(targets[target]);
    return measured;
  };
  for (const item of cases) {
    for (const target of targetsOf(item, 0)) await once(item, target, WARM_UP_CONNECTIONS);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const item of cases) {
      for (const count of connections) {
        for (const target of targetsOf(item, round)) {
          const measured = await once(item, target, count);
          const run = { case: item.name, target, connections: count, round, ...measured };
          runs.push(run);
          report(run);
        }
      }
    }
  }
  return runs;
}
