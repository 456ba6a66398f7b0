import type { Turn } from '../conversations/turn.entity.js';
import type { CompletionDelta } from '../models/provider.js';

/** One server-sent event: its name, if it has one, and its JSON or text. */
export interface AnswerEvent {
  readonly event?: string;
  readonly payload: unknown;
}

/** What is known about a streamed answer before its first word. */
export interface StreamHead {
  readonly turnId: string;
  readonly conversationId: string;
  readonly modelId: string;
}

/** Writes a streamed answer in the format of one API, step by step. */
export interface StreamFormat {
  /** Returns the events before the first word. */
  start(): AnswerEvent[];
  /** Returns the events for one piece that the model produces. */
  delta(delta: CompletionDelta): AnswerEvent[];
  /** Returns the events for a saved answer, which replace the deltas. */
  replay(turn: Turn): AnswerEvent[];
  /** Returns the events after the last word. */
  end(turn: Turn): AnswerEvent[];
  /** Returns the events for a failure after the start. The stream ends with them. */
  failure(body: unknown): AnswerEvent[];
}

/** The format of the answers of one API. Holds and charges are the same for every format. */
export interface AnswerFormat {
  /** Returns the JSON of a whole answer. */
  whole(turn: Turn): object;
  stream(head: StreamHead): StreamFormat;
  /** Headers of a stream beside the usual ones. */
  readonly streamHeaders?: Readonly<Record<string, string>>;
}
