/** The fields of an object in JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns the fields of an object, and undefined for an array or any other value. */
export const fieldsOf = (value: unknown): Fields | undefined =>
  isFields(value) ? value : undefined;

/** Checks that a value is an object with fields, and not a list. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
