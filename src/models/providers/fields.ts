/** The fields of an object in a provider's JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns the fields of an object, and undefined for an array or any other value. */
export function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}

/** Checks that a value is an object with fields. */
export const isFields = (value: unknown): value is Fields => fieldsOf(value) !== undefined;
