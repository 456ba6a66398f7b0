/** PostgreSQL's text has no NUL, and UTF-8 no half characters: a model, or a caller, may send both. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
