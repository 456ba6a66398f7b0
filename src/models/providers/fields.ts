/** The fields of an object in a provider's JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns the fields of an object, and undefined for an array or any other value. */
export function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}
