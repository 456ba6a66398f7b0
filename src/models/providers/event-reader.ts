import { StringDecoder } from 'node:string_decoder';

const LINE_END = /\r\n|\n|\r/;
const BYTE_ORDER_MARK = '\ufeff';

/** The provider sent an event that is larger than any valid event. */
export class EventTooLarge extends Error {}

/** One server-sent event, with the fields that are used here. */
export interface ServerEvent {
  /** The value of the field `event`. Empty if it is missing. */
  readonly name: string;
  readonly text: string;
}

/**
 * Maximum number of events that are yielded together. A few save most of the time that handing on an event costs. With
 * more, a burst of words would take too long before other answers get their turn.
 */
const TOGETHER_MAX = 32;

/**
 * Yields the server-sent events of a body as they arrive: those that arrive together in lists of a few. Reads nothing
 * before it is requested. Throws `EventTooLarge` above `eventMaxChars`, so memory is bounded for any input. Work is
 * bounded too, because a line is parsed when it ends and not at each of its bytes.
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  eventMaxChars: number,
): AsyncGenerator<readonly ServerEvent[]> {
  // Unlike a `TextDecoder` for streams, it makes strings of one byte for each character where it can.
  const decoder = new StringDecoder();
  let isAtStart = true;
  let event = new EventLines();
  let pieces: string[] = [];
  let piecesChars = 0;
  /** True after a line that ended in CR. A following LF belongs to the same line end. */
  let endedInCr = false;
  for await (const bytes of body) {
    const decoded = decoder.write(bytes);
    if (decoded === '') continue;
    const isMarked = isAtStart && decoded.startsWith(BYTE_ORDER_MARK);
    isAtStart = false;
    const text = isMarked || (endedInCr && decoded.startsWith('\n')) ? decoded.slice(1) : decoded;
    endedInCr = decoded.endsWith('\r');
    pieces.push(text);
    piecesChars += text.length;
    if (/[\r\n]/.test(text)) {
      const lines = pieces.join('').split(LINE_END);
      pieces = [lines.pop() ?? ''];
      piecesChars = pieces[0]?.length ?? 0;
      let together: ServerEvent[] = [];
      for (const line of lines) {
        // Some servers send blank lines while they are silent, and each would make an event.
        if (line === '' && event.chars === 0) continue;
        event.add(line);
        together.push(...(line === '' ? event.toEvents() : event.takeEarlier()));
        if (line === '') event = new EventLines();
        if (together.length < TOGETHER_MAX) continue;
        yield together;
        together = [];
      }
      if (together.length > 0) yield together;
    }
    if (event.chars + piecesChars > eventMaxChars) throw new EventTooLarge();
  }
  // A last event without a blank line is complete at the end of the body.
  event.add(pieces.join('').trimEnd());
  const last = event.toEvents();
  if (last.length > 0) yield last;
}

/**
 * A line that is a whole event. Some servers end events with one line end instead of two. With the flag `s`, because
 * U+2028 in a word is not a line end here, but is one for a dot in JavaScript.
 */
const WHOLE_LINE = /^\s*(?:\{.*\}|\[DONE\])\s*$/s;

/** The lines of one event. */
class EventLines {
  chars = 0;
  private name = '';
  /** The name for the next line of data, if each line is an event. */
  private nextName = '';
  /** Whether a line is JSON without a field name: an error inside a stream, or an answer that is not a stream. */
  private isBare = false;
  /** Whether each line so far is a whole event. */
  private areWhole = true;
  private readonly lines: ServerEvent[] = [];

  add(line: string): void {
    this.chars += line.length;
    const match = /^(data|event|error): ?(.*)$/su.exec(line);
    if (!match) {
      this.isBare ||= /^\s*(?:\{|\[DONE\]\s*$)/.test(line);
      if (this.isBare && line !== '' && !line.startsWith(':')) this.push(line);
      return;
    }
    const [, field, value = ''] = match;
    if (field === 'event') this.name = this.nextName = value.trim();
    // Not a standard field, but some servers send it.
    else if (field === 'error') this.push(value, (this.name = field));
    else this.push(value);
  }

  /**
   * Takes the events before the last line, if each line is one. Otherwise a long answer whose events end with one line
   * end would arrive only at its end, or be too large for one event.
   */
  takeEarlier(): ServerEvent[] {
    if (!this.areWhole || this.lines.length < 2) return [];
    const earlier = this.lines.splice(0, this.lines.length - 1);
    const [last] = this.lines;
    this.chars = last?.text.length ?? 0;
    this.name = last?.name ?? '';
    return earlier;
  }

  /**
   * Returns the events of these lines. An event without data is ignored, as the standard for server-sent events
   * requires, unless its name says that it is an error. Returns several events if each line is one.
   */
  toEvents(): ServerEvent[] {
    const { name, lines, areWhole } = this;
    if (!isErrorName(name) && lines.every(({ text }) => text.trim() === '')) return [];
    if (areWhole && lines.length > 1) return lines;
    return [{ name, text: lines.map(({ text }) => text).join('\n') }];
  }

  private push(text: string, name = this.nextName): void {
    this.lines.push({ name, text });
    this.nextName = '';
    this.areWhole &&= WHOLE_LINE.test(text);
  }
}

/** Checks whether an event with this name is an error, whatever it contains. */
export const isErrorName = (name: string): boolean =>
  /(?:^|[._-])(?:error|exception|fail(?:ed|ure)?)$/i.test(name);
