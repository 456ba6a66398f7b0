/** What callers may name a model by. */
export const MODEL_ID = /^[\w.:/@-]{1,100}$/;

/** A URL that a path can be put behind, and that may be seen. */
export function isBaseUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}
