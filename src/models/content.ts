/**
 * Returns the text of a message's content: the content itself, or the text of its parts. Other parts are left out.
 */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as ({ readonly text?: unknown } | null)[])
    .map((part) => textOf(part?.text))
    .join('');
}
