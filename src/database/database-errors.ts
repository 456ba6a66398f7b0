import { QueryFailedError } from 'typeorm';
import { DatabaseUnavailable } from '../errors.js';

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/**
 * Checks whether PostgreSQL rolled back the transaction because of another one: 40001 serialization, 40P01
 * deadlock.
 */
export function isSerializationFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** Checks whether a row with the same unique key exists (23505, or SQLITE_CONSTRAINT with the word UNIQUE). */
export function isUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === '23505' ||
    (code === 'SQLITE_CONSTRAINT' && (error as QueryFailedError).message.includes('UNIQUE'))
  );
}

/** Checks whether a row refers to a missing row (23503, or SQLITE_CONSTRAINT with the words FOREIGN KEY). */
export function isForeignKeyViolation(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === '23503' ||
    (code === 'SQLITE_CONSTRAINT' && (error as QueryFailedError).message.includes('FOREIGN KEY'))
  );
}

/**
 * Checks whether an error may have ended the transaction. A constraint undoes only its own statement. After any
 * other error (disk full, I/O error) SQLite may have ended the transaction, and would commit each later statement
 * alone.
 */
export function mayEndTransaction(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  return error instanceof QueryFailedError && codeOf(error) !== 'SQLITE_CONSTRAINT';
}

/** Checks whether another connection holds the lock. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_BUSY';
}

/** Returns what SQLite says about a damaged file, or undefined for an error of another kind. */
export const damageOf = (error: unknown): string | undefined =>
  error instanceof Error ? /SQLITE_(?:CORRUPT|NOTADB)\b.*/.exec(error.message)?.[0] : undefined;
