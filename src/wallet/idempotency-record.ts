import { isUniqueViolation } from '../database/database-errors.js';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from '../errors.js';
import { hashInput } from '../http/idempotency-key.js';

/**
 * An `Idempotency-Key` as it is stored: on the row that it protects, unique for its owner and route, written in
 * the same transaction. If two requests race, the loser violates the unique key and reads what the winner wrote.
 */
export interface IdempotencyRecord {
  /** The name of the route, at most 20 characters. Each room chooses the names of its own routes. */
  readonly route: string;
  readonly key: string;
  readonly hash: string;
}

/** The columns of an idempotency record; all null if there is none. */
export interface IdempotencyColumns {
  readonly idempotencyRoute: string | null;
  readonly idempotencyKey: string | null;
  readonly idempotencyHash: string | null;
}

/** Returns the idempotency record for this route, key and input; undefined without a key. */
export function idempotencyRecord(
  route: string,
  key: string | undefined,
  input: unknown,
): IdempotencyRecord | undefined {
  return key === undefined ? undefined : { route, key, hash: hashInput(input) };
}

/** Throws `IdempotencyKeyReused` if the key was first used with other input. */
export function assertSameInput(idempotency: IdempotencyRecord, hash: string): void {
  if (idempotency.hash !== hash) throw new IdempotencyKeyReused();
}

/** Returns the record as columns of an entity. */
export function idempotencyColumns(idempotency: IdempotencyRecord | undefined): IdempotencyColumns {
  const { route = null, key = null, hash = null } = idempotency ?? {};
  return { idempotencyRoute: route, idempotencyKey: key, idempotencyHash: hash };
}

/**
 * Runs something once under an idempotency key, or returns the result of an earlier run. Without a record it
 * only runs. `find` returns the earlier result, or undefined. `run` writes the record in its transaction. Throws
 * the errors of both, and `IdempotencyKeyInUse` if another request took the key and freed it again meanwhile.
 */
export function runOnce<Made>(
  record: IdempotencyRecord | undefined,
  find: (record: IdempotencyRecord) => Promise<Made | undefined>,
  run: () => Promise<Made>,
): Promise<Made> {
  return record ? findOrRun(() => find(record), run) : run();
}

/** Does the same for a key that is stored in another way, for example as the id of a row. */
export async function findOrRun<Made>(
  find: () => Promise<Made | undefined>,
  run: () => Promise<Made>,
): Promise<Made> {
  const earlier = await find();
  if (earlier !== undefined) return earlier;
  try {
    return await run();
  } catch (error) {
    return resultOfFasterRequest(error, find);
  }
}

/**
 * Returns the result of another request with the same key, after a run failed with `error`. The other request may
 * have been faster: it took the key, or spent the tokens that the run needed. If `find` returns undefined, throws
 * `IdempotencyKeyInUse` if the key was taken, otherwise `error`.
 */
export async function resultOfFasterRequest<Made>(
  error: unknown,
  find: () => Promise<Made | undefined>,
): Promise<Made> {
  const result = await find();
  if (result !== undefined) return result;
  throw isUniqueViolation(error) ? new IdempotencyKeyInUse() : error;
}
