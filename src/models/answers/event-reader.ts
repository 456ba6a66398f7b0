import { StringDecoder } from 'node:string_decoder';

const LINE_END = /\r\n|\n|\r/;
/**
 * Many blank lines, which mean the same as one. Some servers send them while they are silent. The upper bound keeps
 * V8's stack of the match small.
 */
const BLANK_LINES = /[\r\n]{5,4096}/g;
/** A proxy that joins texts leaves their marks between them. */
const BYTE_ORDER_MARKS = /^\ufeff+/;

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
 * Reads the server-sent events of a body from its bytes. Throws `EventTooLarge` above `eventMaxChars`, so memory is
 * bounded for any input. Work is bounded too, because a line is parsed when it ends and not at each of its bytes.
 */
export class EventReader {
  // Unlike a `TextDecoder` for streams, it makes strings of one byte for each character where it can.
  private readonly decoder = new StringDecoder();
  private event = new EventLines();
  /** The pieces of the line that has not ended. */
  private pieces: string[] = [];
  private piecesChars = 0;
  /** True after a line that ended in CR. A following LF belongs to the same line end. */
  private endedInCr = false;

  constructor(private readonly eventMaxChars: number) {}

  /** Yields the events that are complete with these bytes, in lists of a few. */
  *read(bytes: Uint8Array): Generator<readonly ServerEvent[]> {
    const decoded = this.decoder.write(bytes);
    if (decoded === '') return;
    const text = this.endedInCr && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    this.endedInCr = decoded.endsWith('\r');
    this.pieces.push(text);
    this.piecesChars += text.length;
    if (/[\r\n]/.test(text)) yield* this.readLines();
    if (this.event.chars + this.piecesChars > this.eventMaxChars) throw new EventTooLarge();
  }

  /** Yields the events that are complete because the body has ended. The last one needs no blank line. */
  *readEnd(): Generator<readonly ServerEvent[]> {
    this.event.add(withoutMarks(this.pieces.join('').trimEnd()));
    const last = this.event.toEvents();
    if (last.length > 0) yield last;
  }

  private *readLines(): Generator<readonly ServerEvent[]> {
    const lines = linesOf(this.pieces.join(''));
    const unended = lines.pop() ?? '';
    this.pieces = [unended];
    this.piecesChars = unended.length;
    let together: ServerEvent[] = [];
    for (const marked of lines) {
      const line = withoutMarks(marked);
      // Otherwise each blank line would make an event.
      if (line === '' && this.event.chars === 0) continue;
      this.event.add(line);
      together.push(...(line === '' ? this.event.toEvents() : this.event.takeEarlier()));
      if (line === '') this.event = new EventLines();
      if (together.length < TOGETHER_MAX) continue;
      yield together;
      together = [];
    }
    if (together.length > 0) yield together;
  }
}

/** Splits a text at its line ends. Nearly all texts can be split at a character, which is faster than at a pattern. */
function linesOf(text: string): string[] {
  const isPlain = !text.includes('\r') && !text.includes('\n\n\n\n\n');
  return isPlain ? text.split('\n') : text.replace(BLANK_LINES, '\n\n').split(LINE_END);
}

const withoutMarks = (line: string) =>
  line.startsWith('\ufeff') ? line.replace(BYTE_ORDER_MARKS, '') : line;

/** Checks for a line that is a whole event. Some servers end events with one line end instead of two. */
function isWholeEvent(line: string): boolean {
  const text = line.trim();
  return text.startsWith('{') ? text.endsWith('}') : isDone(text);
}

/** Checks for the text that ends an answer. Some servers write it in lower case, or as JSON. */
export function isDone(text: string): boolean {
  const word = text.trim();
  return word === '[DONE]' || /^("?)\[DONE\]\1$/i.test(word);
}

/** The start of a comment. Some servers send them as a sign of life. */
const COMMENT = ':';

/** The fields that are read. `error` is not standard, but some servers send it. */
const FIELDS = ['data:', 'event:', 'error:'] as const;

/**
 * The start of a line of data with capitals or before spaces. Only an object or `[DONE]` may follow: a log line, such as
 * `Data: [3 rows]`, is no field.
 */
const DATA_IN_OTHER_FORM = /^[ \t]*data[ \t]*:(?=\s*(?:\{\s*(?:["}]|$)|"?\[done\]))/i;
const EVENT_IN_CAPITALS = /^event:/i;

const withPlainName = (line: string) =>
  line.replace(DATA_IN_OTHER_FORM, 'data:').replace(EVENT_IN_CAPITALS, 'event:');

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

  add(given: string): void {
    this.chars += given.length;
    if (given.startsWith(COMMENT)) return;
    const line = given.startsWith('data:') ? given : withPlainName(given);
    const field = FIELDS.find((name) => line.startsWith(name));
    if (field === undefined) {
      this.isBare ||= line.trimStart().startsWith('{') || isDone(line);
      if (this.isBare && line !== '') this.push(line);
      return;
    }
    const value = line.slice(line[field.length] === ' ' ? field.length + 1 : field.length);
    if (field === 'event:') this.name = this.nextName = value.trim();
    else if (field === 'error:') this.push(value, (this.name = 'error'));
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
    const isOne = lines.length === 1 && lines[0]?.name === name;
    if (isOne || (areWhole && lines.length > 1)) return lines;
    return [{ name, text: lines.map(({ text }) => text).join('\n') }];
  }

  private push(text: string, name = this.nextName): void {
    this.lines.push({ name, text });
    this.nextName = '';
    this.areWhole &&= isWholeEvent(text);
  }
}

/** Checks whether an event with this name is an error, whatever it contains. */
export const isErrorName = (name: string): boolean =>
  /(?:^|[._-])(?:error(?:ed)?|exception|fail(?:ed|ure)?)$/i.test(name);
