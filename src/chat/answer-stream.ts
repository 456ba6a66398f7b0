import type { EventStream } from '../http/event-stream.js';
import type { AnswerEvent } from './answer-format.js';

/** So long a stream's head waits for what it may tell; balancers and browsers wait longer. */
const OPENING_MAX_MS = 5000;

/** How a stream begins. */
interface Beginning {
  /** Writes the head; `isAnswering` where somebody has begun to answer. */
  readonly open: (isAnswering: boolean) => EventStream;
  /** The events before the first word. */
  readonly start: () => AnswerEvent[];
}

/** An answer's events on their way: the stream is opened at once, or with its first word. */
export class AnswerStream {
  private opened: Promise<EventStream> | undefined;
  /** The same once it is open. */
  private events: EventStream | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly beginning: Beginning) {}

  /** Opens the stream, before anybody answers. */
  async begin(): Promise<void> {
    await this.stream(false);
  }

  /** Leaves that to the first word, or to the end, for a while. */
  beginLate(): void {
    this.timer = setTimeout(() => void this.stream(false), OPENING_MAX_MS);
  }

  /** Returns what is to be waited for, if anything is. */
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
    const events = this.beginning.open(isAnswering);
    await write(events, this.beginning.start());
    this.events = events;
    return events;
  }
}

/** Waits where the reader is slow, and makes no promise where it is not: there is one event for each word. */
function write(events: EventStream, all: readonly AnswerEvent[]): Promise<void> | undefined {
  for (const [n, { event, payload }] of all.entries()) {
    const full = events.send(event, payload);
    if (full) return full.then(() => write(events, all.slice(n + 1)));
  }
  return undefined;
}
