import { parseArgs } from 'node:util';
import { CASES } from './cases.js';
import type { DatabaseKind } from './database.js';
import type { Plan } from './rounds.js';

export const USAGE = `usage: npm run bench -- [options]
  --database sqlite|postgres   what the service and the floor run on (sqlite)
  --only balance,chat          parts whose names begin so (all but hostile, bodies, floods, limits, processes and scale)
  --connections 1,16,64
  --rounds 5
  --seconds 2                  of each run
  --against <folder>           another build, beside this one where real models are measured
  --json                       every run, instead of the tables
parts: ${[...CASES.map(({ name }) => name), 'models', 'streams', 'overload', 'idle', 'hostile', 'bodies', 'floods', 'limits', 'processes', 'scale'].join(', ')}
`;

export interface Options {
  readonly kind: DatabaseKind;
  readonly plan: Plan;
  readonly json: boolean;
  /** The folder of another build. */
  readonly against: string | undefined;
  /** Returns whether a part is requested: by its name, or by default if no part is named. */
  readonly wants: (part: string, byDefault?: boolean) => boolean;
}

/** Parses the command line. Throws an error that describes what is wrong with it. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      database: { type: 'string', default: 'sqlite' },
      only: { type: 'string', default: '' },
      connections: { type: 'string', default: '1,16,64' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      against: { type: 'string' },
    },
  });
  const { database: kind, only, connections, rounds, seconds, json, against } = values;
  if (kind !== 'sqlite' && kind !== 'postgres') throw new Error(`unknown database: ${kind}`);
  const counts = connections.split(',').map(Number);
  const numbers = [...counts, Number(rounds), Number(seconds)];
  if (!numbers.every((number) => Number.isInteger(number) && number > 0)) {
    throw new Error('connections, rounds and seconds are whole numbers above zero');
  }
  const wants = (part: string, byDefault = true) =>
    only === '' ? byDefault : only.split(',').some((word) => part.startsWith(word));
  if (wants('processes', false) && kind === 'sqlite') {
    throw new Error('several processes share a PostgreSQL alone: --database postgres');
  }
  const cases = CASES.filter(({ name }) => wants(name));
  const plan = { cases, connections: counts, rounds: Number(rounds), seconds: Number(seconds) };
  return { kind, plan, json, against, wants };
}
