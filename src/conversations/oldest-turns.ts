import { TURN_SIZE } from './sizes.js';

/**
 * Maximum number of turns that one transaction deletes, and the bytes after which it deletes no further one. A
 * transaction with 250 MB of turns would keep all other writes on SQLite waiting for five seconds. Also, until a
 * statement ends, SQLite keeps in memory what it must restore if the statement fails.
 */
const TURNS_MAX = 500;
const BYTES_MAX = 2_097_152;

/** SQL: deletes the oldest of the turns that match the condition, and returns their sizes as `bytes`. */
export function deleteOldestTurns(condition: string): string {
  const oldest = `SELECT id, ordinal, ${TURN_SIZE} AS bytes FROM turns WHERE ${condition}
    ORDER BY ordinal LIMIT ${String(TURNS_MAX)}`;
  return `DELETE FROM turns WHERE id IN
    (SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY ordinal) - bytes AS bytes_before FROM (${oldest}) oldest) sums
     WHERE bytes_before < ${String(BYTES_MAX)})
    RETURNING ${TURN_SIZE} AS bytes`;
}

/** Returns the sum of the sizes of deleted turns, and whether other turns may be left. */
export function sumOfDeleted(turns: readonly { readonly bytes: number }[]): {
  readonly bytes: number;
  readonly mayBeLeft: boolean;
} {
  const bytes = turns.reduce((sum, turn) => sum + turn.bytes, 0);
  return { bytes, mayBeLeft: turns.length === TURNS_MAX || bytes >= BYTES_MAX };
}
