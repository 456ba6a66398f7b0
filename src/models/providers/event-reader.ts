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
        // Not by `yield*`, which waits several times for each event of a list.
        for (const whole of event.toEvents()) yield whole;
        event = new EventLines();
      }
    }
    if (event.chars + piecesChars > eventMaxChars) throw new EventTooLarge();
  }
  // A last event without its blank line is complete where the body is.
  event.add(pieces.join('').trimEnd());
  yield* event.toEvents();
}

/** A line that is an event by itself, where a server ends events with one line end and not with two. */
const WHOLE_LINE = /^\s*(?:\{.*\}|\[DONE\])\s*$/;

/** The lines of one event. */
class EventLines {
  chars = 0;
  private name = '';
  /** A line begins JSON without a field's name: an error amid a stream, or an answer that is none. */
  private isBare = false;
  private readonly lines: string[] = [];

  add(line: string): void {
    this.chars += line.length;
    const match = /^(data|event|error): ?(.*)$/su.exec(line);
    if (!match) {
      this.isBare ||= /^\s*\{/.test(line);
      if (this.isBare && line !== '' && !line.startsWith(':')) this.lines.push(line);
      return;
    }
    const [, field, value = ''] = match;
    if (field === 'event') this.name = value.trim();
    else this.lines.push(value);
    // No field of the standard, but some servers write one.
    if (field === 'error') this.name = field;
  }

  /**
   * An event without data is none, by the standard of server-sent events; only an error needs no more than its
   * name. Several where each line is one.
   */
  toEvents(): ServerEvent[] {
    const { name, lines } = this;
    if (!isErrorName(name) && lines.every((line) => line.trim() === '')) return [];
    if (lines.length > 1 && lines.every((line) => WHOLE_LINE.test(line))) {
      return lines.map((text) => ({ name, text }));
    }
    return [{ name, text: lines.join('\n') }];
  }
}

/** Whether an event of this name is an error, whatever is in it. */
export const isErrorName = (name: string): boolean =>
  /(?:^|[._-])(?:error|exception|fail(?:ed|ure)?)$/i.test(name);
