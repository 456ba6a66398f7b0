import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { SchemaBreach } from './conformance.js';

/** A folder that the files of one run of Jest share (`run.setup.js`). Elsewhere every breach is told. */
const folder = process.env['TEST_BREACHES'];

const recordOf = (parent: string, { route, fault }: Pick<SchemaBreach, 'route' | 'fault'>) =>
  join(parent, createHash('sha256').update(`${route} ${fault}`).digest('hex'));

/** For a spec that breaks the schema on purpose. */
export function forgetBreach(breach: SchemaBreach): void {
  if (folder !== undefined) rmSync(recordOf(folder, breach));
}

/**
 * Whether another file of this run has failed for the same breach, which is then told once and not by every
 * file that asks the route. The end of the run lists all, and fails for them (`count.reporter.js`).
 */
export function isToldElsewhere({ route, fault }: SchemaBreach): boolean {
  if (folder === undefined) return false;
  const { testPath = '' } = expect.getState();
  const record = recordOf(folder, { route, fault });
  try {
    writeFileSync(record, JSON.stringify({ route, fault, testPath }), { flag: 'wx' });
    return false;
  } catch {
    const first = JSON.parse(readFileSync(record, 'utf8')) as { testPath: string };
    return first.testPath !== testPath;
  }
}
