import { QueryFailedError } from 'typeorm';
import { BearerRefused, DatabaseUnavailable } from '../errors.js';

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** PostgreSQL undid the whole transaction for a rival's sake: 40001 serialization, 40P01 deadlock. */
export function isSerializationFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** A row with the same unique key is there already (23505; SQLITE_CONSTRAINT with its words). */
export function isUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === '23505' ||
    (code === 'SQLITE_CONSTRAINT' && (error as QueryFailedError).message.includes('UNIQUE'))
  );
}

/** A row refers to one that is gone (23503; SQLITE_CONSTRAINT with its words). */
export function isForeignKeyViolation(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === '23503' ||
    (code === 'SQLITE_CONSTRAINT' && (error as QueryFailedError).message.includes('FOREIGN KEY'))
  );
}

/** Throws, for a row of somebody who was deleted a moment ago, the 401 that their next request gets; else `error`. */
export function throwOwnerGone(error: unknown): never {
  throw isForeignKeyViolation(error)
    ? new BearerRefused('User not found', 'user_not_found')
    : error;
}

/**
 * A constraint undoes one statement; after any other refusal (disk full, I/O error) SQLite may have ended
 * the transaction, and what follows would be committed by itself.
 */
export function mayEndTransaction(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  return error instanceof QueryFailedError && codeOf(error) !== 'SQLITE_CONSTRAINT';
}

/** Another connection has the lock. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_BUSY';
}
