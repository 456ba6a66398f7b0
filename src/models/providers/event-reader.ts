const LINE_END = /\r\n|\n|\r/;

/** The other side sent an event larger than anyone means. */
export class EventTooLarge extends Error {}

/** One server-sent event, as far as it matters here. */
export interface ServerEvent {
  /** What its field `event` says; empty where it has none. */
  readonly name: string;
  readonly text: string;
}

/**
 * The server-sent events of a body, as they come. Nothing is fetched before it is asked for. Throws
 * `EventTooLarge` past `eventMaxChars`: memory stays bounded whatever the other side sends, and so does the
 * work, since a line is looked at when it ends and not at each of its bytes.
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  eventMaxChars: number,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let event = new EventLines();
  let pieces: string[] = [];
  let piecesChars = 0;
  /** A line that ended in CR is over; an LF that comes next is still of its end. */
  let endedInCr = false;
  for await (const bytes of body) {
    const decoded = decoder.decode(bytes, { stream: true });
    if (decoded === '') continue;
    const text = endedInCr && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    endedInCr = decoded.endsWith('\r');
    pieces.push(text);
    piecesChars += text.length;
    if (/[\r\n]/.test(text)) {
      const lines = pieces.join('').split(LINE_END);
      pieces = [lines.pop() ?? ''];
      piecesChars = pieces[0]?.length ?? 0;
      for (const line of lines) {
        event.add(line);
        if (line !== '') continue;
        if (event.isEvent) yield event.toEvent();
        event = new EventLines();
      }
    }
    if (event.chars + piecesChars > eventMaxChars) throw new EventTooLarge();
  }
  // A last event without its blank line is complete where the body is.
  event.add(pieces.join('').trimEnd());
  if (event.isEvent) yield event.toEvent();
}

/** The lines of one event. */
class EventLines {
  chars = 0;
  private name = '';
  private readonly lines: string[] = [];

  add(line: string): void {
    this.chars += line.length;
    const match = /^(data|event): ?(.*)$/su.exec(line);
    if (!match) return;
    const [, field, value = ''] = match;
    if (field === 'data') this.lines.push(value);
    else this.name = value.trim();
  }

  /** An event without data is none, by the standard of server-sent events; only an error needs no more than its name. */
  get isEvent(): boolean {
    return this.name === 'error' || this.lines.some((line) => line.trim() !== '');
  }

  toEvent(): ServerEvent {
    return { name: this.name, text: this.lines.join('\n') };
  }
}
