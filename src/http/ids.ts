import { UUID_PATTERN } from '../new-id.js';

/** The shape of an id. A text of another shape is refused before it reaches the database. */
export const UUID = new RegExp(`^${UUID_PATTERN}$`, 'i');

/** Returns an id as it is stored, in lower case. Capitals mean the same (RFC 9562), and some clients send them. */
export function lowerCaseId<Text extends string | undefined>(text: Text): Text {
  return (text !== undefined && UUID.test(text) ? text.toLowerCase() : text) as Text;
}

/** Converts all ids in the values of a path or a query, in place, so that no route needs to do it. */
export function lowerCaseIds(values: unknown): void {
  const named = (values ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'string') named[name] = lowerCaseId(value);
    else if (Array.isArray(value)) named[name] = (value as string[]).map(lowerCaseId);
  }
}
