import type { EventStream } from '../http/event-stream.js';
import type { AnswerEvent } from './answer-format.js';

/** How long a stream's head waits for the model's first word. Load balancers and browsers wait longer than this. */
const OPENING_MAX_MS = 5000;

/** How to open a stream. */
interface StreamOpening {
  /** Writes the head. `isAnswering` is true if a model has begun to answer. */
  readonly open: (isAnswering: boolean) => EventStream;
  /** Returns the events before the first word. */
  readonly start: () => AnswerEvent[];
}

/** Sends the events of an answer. The stream is opened at once, or together with the first word. */
export class AnswerStream {
  private opened: Promise<EventStream> | undefined;
  /** The opened stream; undefined before. */
  private events: EventStream | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly opening: StreamOpening) {}

  /** Opens the stream before a model answers. */
  async begin(): Promise<void> {
    await this.stream(false);
  }

  /** Opens the stream with the first event, or after `OPENING_MAX_MS` if no event comes before. */
  beginWithFirstEvent(): void {
    this.timer = setTimeout(() => void this.stream(false), OPENING_MAX_MS);
  }

  /** Sends events. Returns a promise to wait for if the reader is slow; otherwise undefined. */
  send(all: AnswerEvent[]): Promise<void> | undefined {
    return this.events ? write(this.events, all) : this.sendFirst(all);
  }

  private async sendFirst(all: AnswerEvent[]): Promise<void> {
    await write(await this.stream(true), all);
  }

  async end(): Promise<void> {
    (await this.stream(true)).end();
  }

  private stream(isAnswering: boolean): Promise<EventStream> {
    clearTimeout(this.timer);
    this.opened ??= this.open(isAnswering);
    return this.opened;
  }

  private async open(isAnswering: boolean): Promise<EventStream> {
    const events = this.opening.open(isAnswering);
    await write(events, this.opening.start());
    this.events = events;
    return events;
  }
}

/**
 * Sends events one after the other and waits when the reader is slow. Makes no promise otherwise, because
 * each word is one event.
 */
function write(events: EventStream, all: readonly AnswerEvent[]): Promise<void> | undefined {
  for (const [n, { event, payload }] of all.entries()) {
    const whenWritten = events.send(event, payload);
    if (whenWritten) return whenWritten.then(() => write(events, all.slice(n + 1)));
  }
  return undefined;
}
