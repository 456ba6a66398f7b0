import { fieldsOf } from '../../json-fields.js';

/**
 * Returns the entries of a list. PHP writes a list as an object if its numbers do not begin with 0 or have a gap, and
 * some servers send a single entry without a list.
 */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const fields = fieldsOf(value);
  if (!fields) return [];
  return Object.keys(fields).every((name) => /^\d+$/.test(name)) ? Object.values(fields) : [fields];
}
