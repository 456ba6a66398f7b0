import { charsIn } from '../chars-in.js';
import { INITIAL_STATE, end, endIdle, step, type AnswerState } from './answer-machine.js';
import { Deadline } from './deadline.js';
import { EventReader, type ServerEvent } from './event-reader.js';
import type { CompletionDelta, CompletionEvent } from '../provider.js';
import { WholeCharacters } from './whole-characters.js';

export const NOT_EVENTS_REASON = 'the provider answered with something else than events';

/** Maximum size of one event. An event carries a few words or a call's arguments, so a larger one is invalid. */
const EVENT_MAX_CHARS = 1_048_576;

/**
 * What may come without output, in bytes after decoding. An event counts as more than its bytes, which may be few.
 * Otherwise a small packed body of events that say nothing would keep a core busy until the time is up. Output allows
 * more of it: some servers send lists of sources, or the whole answer so far, with each word.
 */
const IDLE = { maxBytes: 67_108_864, bytesPerEvent: 256, bytesPerCharacter: 16_384 };

/** Reads one answer from the bytes of its events. Calls `onTimeout` if the expected rest of it does not arrive in time. */
export class AnswerReader {
  private readonly events = new EventReader(EVENT_MAX_CHARS);
  private readonly characters = new WholeCharacters();
  private readonly deadline: Deadline;
  private state: AnswerState = INITIAL_STATE;
  private isAnyEvent = false;
  private idleBytesLeft = IDLE.maxBytes;

  /** `endsAt` is when the time is up, by `performance.now()`. */
  constructor(
    onTimeout: () => void,
    private readonly endsAt = Infinity,
  ) {
    this.deadline = new Deadline(onTimeout);
  }

  get isBroken(): boolean {
    return this.state.phase === 'broken';
  }

  /** Why the answer is broken. Undefined if it is not. */
  get fault(): string | undefined {
    const { fault } = this.state;
    return fault === undefined || this.isAnyEvent ? fault : NOT_EVENTS_REASON;
  }

  /** The last events of an answer that is not broken. */
  get lastEvents(): CompletionEvent[] {
    const { finishReason, usage } = this.state;
    const done = { type: 'done', finishReason: finishReason ?? 'stop', usage } as const;
    return [...this.characters.rest(), done];
  }

  /** Yields the output in these bytes, in lists of what comes together. Yields no more once the answer is broken. */
  read(bytes: Uint8Array): Generator<readonly CompletionDelta[]> {
    this.spendIdle(bytes.length);
    return this.outputOf(this.events.read(bytes));
  }

  /** Yields the output that is complete because the body has ended, and ends the answer. */
  *readEnd(): Generator<readonly CompletionDelta[]> {
    if (!this.isBroken) yield* this.outputOf(this.events.readEnd());
    this.end(true);
  }

  /** Ends the answer with its connection. `isOrderly` is false after a reset. */
  end(isOrderly: boolean): void {
    this.state = end(this.state, isOrderly);
  }

  /** Stops waiting for the rest. */
  close(): void {
    this.deadline.clear();
  }

  private *outputOf(
    lists: Iterable<readonly ServerEvent[]>,
  ): Generator<readonly CompletionDelta[]> {
    for (const events of lists) {
      const deltas = this.take(events);
      if (deltas.length > 0) {
        // While the caller takes the output, no time counts against the provider.
        this.deadline.setWait(undefined);
        yield deltas;
      }
      // A server that continued after a reason to end may still continue, and its answer may not be whole.
      const { phase, wait, hasContinuedAfterEnd } = this.state;
      const mayContinue = hasContinuedAfterEnd && phase !== 'over';
      this.deadline.setWait(wait, mayContinue ? Infinity : this.endsAt);
      if (this.isBroken) break;
    }
  }

  private take(events: readonly ServerEvent[]): CompletionDelta[] {
    this.isAnyEvent = true;
    this.spendIdle(events.length * IDLE.bytesPerEvent);
    const deltas: CompletionDelta[] = [];
    for (const event of events) {
      const { state, delta } = step(this.state, event);
      this.state = state;
      const whole = delta && this.characters.join(delta);
      if (whole) deltas.push(whole);
      if (delta) this.idleBytesLeft += sizeOf(delta) * IDLE.bytesPerCharacter;
      if (this.isBroken) break;
    }
    return deltas;
  }

  private spendIdle(bytes: number): void {
    this.idleBytesLeft -= bytes;
    if (this.idleBytesLeft < 0) this.state = endIdle(this.state);
  }
}

const sizeOf = ({ text, reasoning = '', toolCalls }: CompletionDelta) =>
  text.length + reasoning.length + (toolCalls ? charsIn(toolCalls) : 0);
