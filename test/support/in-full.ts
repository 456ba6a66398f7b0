import { it } from '@jest/globals';
import { isFull } from './effort.js';

const REASON = 'skipped: heavy, and runs with TEST_EFFORT=full';

/** `it` for a heavy case, which a full run alone tries: the end of a light run prints its title, and why. */
export function itInFull(title: string, work: () => Promise<void>, timeoutMs?: number): void {
  const test = isFull ? it : it.skip;
  test(isFull ? title : `${title} (${REASON})`, work, timeoutMs);
}

/** All cases of a table, and in a light run the first of each `every`. The end of a light run prints how many it left out. */
export function sample<Case>(title: string, every: number, cases: readonly Case[]): Case[] {
  const tried = cases.filter((_, index) => isFull || index % every === 0);
  const left = cases.length - tried.length;
  if (left > 0) it.skip(`${title}: ${String(left)} more cases (${REASON})`, () => undefined);
  return tried;
}
