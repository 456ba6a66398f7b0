/** The names that callers may use for a model. */
export const MODEL_ID = /^[\w.:/@-]{1,100}$/;

/** Returns whether a text is a URL to which a path can be appended, and that contains no secret. */
export function isBaseUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}
