import { IdempotencyKeyReused } from '../errors.js';
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
