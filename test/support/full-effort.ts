import { it } from '@jest/globals';
import type { DatabaseKind } from './databases.js';
import { isFull } from './effort.js';

const REASON = 'skipped: heavy, and runs with TEST_EFFORT=full';

/**
 * `it` for a heavy case, which only a full run tries. The end of a light run prints its title and the reason. The file is
 * listed in `heavy.js`, and `npm test -- --heavy-cases` runs its titles that end with `(heavy)`.
 */
export function itAtFullEffort(title: string, work: () => Promise<void>, timeoutMs?: number): void {
  const test = isFull ? it : it.skip;
  test(`${title} (${isFull ? 'heavy' : REASON})`, work, timeoutMs);
}

/** Returns `it` for a case that a light run tries on SQLite only. On another database the case is heavy. */
export const itLightOnSqlite = (kind: DatabaseKind) => (kind === 'sqlite' ? it : itAtFullEffort);

/**
 * Returns all cases of a table. A light run gets one case of each `every`, and prints at its end how many it left
 * out.
 */
export function sample<Case>(title: string, every: number, cases: readonly Case[]): Case[] {
  const tried = cases.filter((_, index) => isFull || index % every === 0);
  const left = cases.length - tried.length;
  if (left > 0) it.skip(`${title}: ${String(left)} more cases (${REASON})`, () => undefined);
  return tried;
}
