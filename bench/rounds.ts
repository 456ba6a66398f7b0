import type { Case } from './cases.js';
import { login } from './cases.js';
import { drive, type Measured } from './driver.js';
import { logins } from './people.js';

/** Connections at which the servers are warmed up, before the first round. */
const WARM_UP_CONNECTIONS = 16;

/** Who is driven, at which address. */
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

/** By turns one and the other is first, so that neither always follows the other. */
const targetsOf = ({ hasFloor }: Case, round: number): (keyof Targets)[] => {
  if (!hasFloor) return ['service'];
  return round % 2 === 0 ? ['floor', 'service'] : ['service', 'floor'];
};

/** Returns once the server is done with what a finished run left unanswered: a login waits its turn. */
export async function settle(url: string): Promise<void> {
  const { path, method, headers, body = '' } = login(logins[0] ?? '');
  await fetch(url + path, { method, headers, body });
}

/** Drives every case in turn, the service and the floor one after the other, and so on for each round. */
export async function runRounds(
  targets: Targets,
  { cases, connections, rounds, seconds }: Plan,
  report: (run: Run) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  const once = async (item: Case, target: keyof Targets, count: number) => {
    const load = { connections: count, seconds };
    const measured = await drive(targets[target], item.requests(seconds), load);
    await settle(targets[target]);
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
