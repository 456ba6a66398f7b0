import { isUniqueViolation } from '../database/database-errors.js';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from '../errors.js';
import { hashInput } from '../http/idempotency-key.js';

/**
 * An Idempotency-Key as it is kept: on the row that it protects, unique for its owner and route, and
 * written in the same transaction. Of two requests that race, the loser meets the unique key and reads
 * what the winner wrote.
 */
export interface IdempotencyRecord {
  readonly route: 'chat' | 'messages' | 'completions' | 'responses' | 'grant' | 'redeem';
  readonly key: string;
  readonly hash: string;
}

/** An idempotency record's columns; all null for none. */
export interface IdempotencyColumns {
  readonly claimRoute: string | null;
  readonly claimKey: string | null;
  readonly claimHash: string | null;
}

/** The idempotency record that a key makes on a route for this input; undefined without a key. */
export function idempotencyRecord(
  route: IdempotencyRecord['route'],
  key: string | undefined,
  input: unknown,
): IdempotencyRecord | undefined {
  return key === undefined ? undefined : { route, key, hash: hashInput(input) };
}

/** Throws `IdempotencyKeyReused` when the key was first used with something else. */
export function assertSameInput(idempotency: IdempotencyRecord, hash: string): void {
  if (idempotency.hash !== hash) throw new IdempotencyKeyReused();
}

/** The record as an entity has it. */
export function idempotencyColumns(idempotency: IdempotencyRecord | undefined): IdempotencyColumns {
  const { route = null, key = null, hash = null } = idempotency ?? {};
  return { claimRoute: route, claimKey: key, claimHash: hash };
}

/**
 * Runs something once under an Idempotency-Key, or gives what an earlier run has made. `find` gives that, or
 * undefined; `run` writes the record in its transaction. Throws as both do, and `IdempotencyKeyInUse` when a
 * twin has just taken the key and given it back.
 */
export async function runOnce<Made>(
  record: IdempotencyRecord | undefined,
  find: (record: IdempotencyRecord) => Promise<Made | undefined>,
  run: () => Promise<Made>,
): Promise<Made> {
  if (!record) return run();
  const earlier = await find(record);
  if (earlier !== undefined) return earlier;
  try {
    return await run();
  } catch (error) {
    // A twin with the same key may have been faster: it has the key, or spent what this run needed.
    const twin = await find(record);
    if (twin !== undefined) return twin;
    throw isUniqueViolation(error) ? new IdempotencyKeyInUse() : error;
  }
}
