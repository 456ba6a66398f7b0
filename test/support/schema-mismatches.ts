import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { SchemaMismatch } from './conformance.js';

/** A folder that all files of one Jest run share (`run.setup.js`). Without it every breach is reported. */
const folder = process.env['TEST_BREACHES'];

const recordOf = (parent: string, { route, fault }: Pick<SchemaMismatch, 'route' | 'fault'>) =>
  join(parent, createHash('sha256').update(`${route} ${fault}`).digest('hex'));

/** Removes a breach that a spec caused on purpose. */
export function forgetMismatch(mismatch: SchemaMismatch): void {
  if (folder !== undefined) rmSync(recordOf(folder, mismatch));
}

/**
 * Checks whether another test of this run has already failed for the same breach. A breach is reported once, and
 * not by every test that uses the route. The end of the run lists all breaches and fails (`count.reporter.js`).
 */
export function isReported({ route, fault }: SchemaMismatch): boolean {
  if (folder === undefined) return false;
  const { testPath = '' } = expect.getState();
  const record = recordOf(folder, { route, fault });
  try {
    writeFileSync(record, JSON.stringify({ route, fault, testPath }), { flag: 'wx' });
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return true;
    throw error;
  }
}
