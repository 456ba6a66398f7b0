import type { Turn } from '../conversations/turn.entity.js';
import type { CompletionDelta } from '../models/providers/provider.js';

/** One server-sent event: its name, where it has one, and its JSON or text. */
export interface AnswerEvent {
  readonly event?: string;
  readonly payload: unknown;
}

/** What a stream says of itself before its first word. */
export interface StreamHead {
  readonly turnId: string;
  readonly conversationId: string;
  readonly modelId: string;
}

/** How one door writes a streamed answer, step by step. */
export interface StreamFormat {
  /** Before the first word. */
  start(): AnswerEvent[];
  /** For each piece that the model produces. */
  delta(delta: CompletionDelta): AnswerEvent[];
  /** A saved answer in place of the pieces. */
  replay(turn: Turn): AnswerEvent[];
  /** After the last word. */
  end(turn: Turn): AnswerEvent[];
  /** A failure after the start; the stream ends with it. */
  failure(body: unknown): AnswerEvent[];
}

/** How one door writes answers. What happens to the money is the same at every door. */
export interface AnswerFormat {
  /** The JSON of a whole answer. */
  whole(turn: Turn): object;
  stream(head: StreamHead): StreamFormat;
  /** What a stream's head says beside the usual. */
  readonly streamHeaders?: Readonly<Record<string, string>>;
}
