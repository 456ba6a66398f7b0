import { isForeignKeyViolation } from '../database/database-errors.js';
import { BearerRefused } from '../errors.js';

/**
 * Throws a 401 if the row was refused because its owner was just deleted. The owner's next request gets the same 401.
 * Otherwise throws `error`.
 */
export function throwOwnerGone(error: unknown): never {
  throw isForeignKeyViolation(error)
    ? new BearerRefused('User not found', 'user_not_found')
    : error;
}
