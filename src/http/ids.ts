const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** An id as it is stored. Capitals mean the same (RFC 9562), and some clients write them. */
export function lowerCaseId<Text extends string | undefined>(text: Text): Text {
  return (text !== undefined && UUID.test(text) ? text.toLowerCase() : text) as Text;
}

/** The same for each value of a path or a query, in place: no route has to think of it. */
export function lowerCaseIds(values: unknown): void {
  const named = (values ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'string') named[name] = lowerCaseId(value);
    else if (Array.isArray(value)) named[name] = (value as string[]).map(lowerCaseId);
  }
}
