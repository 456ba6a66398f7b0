import { IdempotencyKeyReused } from '../errors.js';
import { hashInput } from '../http/idempotency-key.js';

/**
 * An Idempotency-Key as it is kept: on the row that it protects, unique for its owner and route, and
 * written in the same transaction. Of two requests that race, the loser meets the unique key and reads
 * what the winner wrote.
 */
export interface Claim {
  readonly route: 'chat' | 'messages' | 'completions' | 'grant' | 'redeem';
  readonly key: string;
  readonly hash: string;
}

/** A claim's columns; all null for none. */
export interface ClaimColumns {
  readonly claimRoute: string | null;
  readonly claimKey: string | null;
  readonly claimHash: string | null;
}

/** The claim that a key makes on a route for this input; undefined without a key. */
export function claimOf(
  route: Claim['route'],
  key: string | undefined,
  input: unknown,
): Claim | undefined {
  return key === undefined ? undefined : { route, key, hash: hashInput(input) };
}

/** Throws `IdempotencyKeyReused` when the key was first used with something else. */
export function assertSameInput(claim: Claim, hash: string): void {
  if (claim.hash !== hash) throw new IdempotencyKeyReused();
}

/** The claim as an entity has it. */
export function claimColumns(claim: Claim | undefined): ClaimColumns {
  const { route = null, key = null, hash = null } = claim ?? {};
  return { claimRoute: route, claimKey: key, claimHash: hash };
}
