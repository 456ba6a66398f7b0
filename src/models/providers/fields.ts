/** The fields of an object in a provider's JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns the fields of an object, and undefined for an array or any other value. */
export function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}

/** Checks that a value is an object with fields. */
export const isFields = (value: unknown): value is Fields => fieldsOf(value) !== undefined;

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
