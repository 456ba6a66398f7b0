/** The text of a message's content: the text itself, or those of its parts; what is no text is left out. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as ({ readonly text?: unknown } | null)[])
    .map((part) => textOf(part?.text))
    .join('');
}
