/**
 * Replaces NUL and lone surrogates with U+FFFD. PostgreSQL's `text` cannot store NUL, UTF-8 cannot encode
 * lone surrogates, and a model or a caller may send both.
 */
export function toStorableText(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
