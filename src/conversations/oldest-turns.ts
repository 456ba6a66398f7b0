import { sumOfSizes, TURN_SIZE } from './sizes.js';

/**
 * Maximum number of turns that one transaction deletes, and the bytes after which it deletes no further one. A
 * transaction with 250 MB of turns would keep all other writes on SQLite waiting for five seconds. Also, until a
 * statement ends, SQLite keeps in memory what it must restore if the statement fails.
 */
const TURNS_MAX = 500;
const BYTES_MAX = 2_097_152;

/** SQL: the ids of the oldest turns that match the condition, as many as one transaction deletes. */
export const idsOfOldestTurns = (condition: string): string =>
  `SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY ordinal) - bytes AS bytes_before
     FROM (SELECT id, ordinal, ${TURN_SIZE} AS bytes FROM turns WHERE ${condition}
       ORDER BY ordinal LIMIT ${String(TURNS_MAX)}) oldest) sums
   WHERE bytes_before < ${String(BYTES_MAX)}`;

/** Returns the sum of the sizes of deleted turns, and whether other turns may be left. */
export function sumOfDeleted(turns: readonly { readonly bytes: number }[]): {
  readonly bytes: number;
  readonly mayBeLeft: boolean;
} {
  const bytes = sumOfSizes(turns);
  return { bytes, mayBeLeft: turns.length === TURNS_MAX || bytes >= BYTES_MAX };
}
