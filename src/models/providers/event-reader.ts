/** A line may end in CR alone, but not where the LF may still be on its way. */
const LINE_END = /\r\n|\n|\r(?!$)/;

/** The other side sent an event larger than anyone means. */
export class EventTooLarge extends Error {}

/**
 * The `data` of each server-sent event, as it comes. Nothing is fetched before it is asked for. Throws
 * `EventTooLarge` past `eventMaxChars`: memory stays bounded whatever the other side sends.
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  eventMaxChars: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let lines: string[] = [];
  let size = 0;
  for await (const bytes of body) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split(LINE_END);
    rest = parts.pop() ?? '';
    for (const line of parts) {
      if (line === '') {
        if (lines.length > 0) yield lines.join('\n');
        [lines, size] = [[], 0];
      } else {
        size += line.length;
        lines.push(...dataOf(line));
      }
    }
    if (size + rest.length > eventMaxChars) throw new EventTooLarge();
  }
  // A last event without its blank line is complete where the body is.
  lines.push(...dataOf(rest.trimEnd()));
  if (lines.length > 0) yield lines.join('\n');
}

/** Comments and other fields of an event say nothing here. */
function dataOf(line: string): string[] {
  const match = /^data: ?(.*)$/su.exec(line);
  return match ? [match[1] ?? ''] : [];
}
