import type { MaxTokensField } from '../config/models-file.js';
import type { ThoughtParts } from './thought-parts.js';
import type { AnswerMemory } from './answer-memory.js';

/** One message of the context sent to a model. `content` is text, or OpenAI's parts, passed on unchanged. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: unknown;
  readonly [key: string]: unknown;
}

/** The reason of an aborted signal if the time ran out, and the caller did not leave. */
export const TIMED_OUT = 'time is up';

/** A request to a model. */
export interface CompletionRequest {
  /** The model's name at its provider. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** Maximum number of model tokens to produce. It is at most what the wallet can pay. */
  readonly maxTokens: number | undefined;
  /** The name of the field that contains it in the provider's request. */
  readonly maxTokensField: MaxTokensField;
  /** Further fields of the caller's request (temperature, tools, …), passed on unchanged. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The person who asks. Never sent to a provider: failures of one person alone are not an outage. */
  readonly ownerId?: string | undefined;
  /** Aborted when the caller has left or the time is up. The call then throws. */
  readonly signal: AbortSignal;
  /**
   * Called with true while the call waits for a free connection, and with false when the request is sent. No
   * provider is asked before that.
   */
  readonly onQueue?: ((isWaiting: boolean) => void) | undefined;
  /** When the time is up, by `performance.now()`. A whole answer ends before, without its usage if need be. */
  readonly endsAt?: number | undefined;
}

/** The usage that the provider reports. It is not trusted: pricing limits it to the hold. */
export interface Usage {
  readonly promptTokens: number;
  /** Includes reasoning. */
  readonly completionTokens: number;
  /** The part of the prompt that was read from the provider's cache, which may be cheaper. Absent if not reported. */
  readonly cachedPromptTokens?: number | undefined;
  /** The part of the answer that was reasoning. Absent if not reported. It changes no price. */
  readonly reasoningTokens?: number | undefined;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** A part of a tool call, as OpenAI streams it. */
export interface ToolCallDelta {
  readonly index: number;
  readonly [key: string]: unknown;
}

export interface CompletionDelta {
  readonly type: 'delta';
  readonly text: string;
  /** The model's reasoning, if the provider sends it. It is not part of the answer, but has the same price. */
  readonly reasoning?: string;
  /** The parts of the reasoning that the provider wants back, unchanged: signatures and encrypted data. */
  readonly thoughtParts?: ThoughtParts | undefined;
  readonly toolCalls?: readonly ToolCallDelta[];
}

export interface CompletionDone {
  readonly type: 'done';
  readonly finishReason: FinishReason;
  /** Undefined if the provider reported none, or invalid counts. */
  readonly usage: Usage | undefined;
}

/** A stream has any number of `delta`s and then exactly one `done`, which is the last. */
export type CompletionEvent = CompletionDelta | CompletionDone;

/** A request to a provider that answers at once. It cannot be aborted. */
export type InstantRequest = Omit<CompletionRequest, 'signal' | 'onQueue'>;

/** A whole answer that was made at once. */
export type WholeCompletion = Omit<CompletionDone, 'type'> & { readonly text: string };

/** A text to embed, or its model tokens. */
export type EmbeddingInput = string | readonly number[];

export interface EmbeddingRequest {
  /** The model's name at its provider. */
  readonly model: string;
  /** One input or a list, as the caller sent it. */
  readonly input: EmbeddingInput | readonly EmbeddingInput[];
  /** Number of inputs. */
  readonly count: number;
  /** The requested form. The provider may answer in the other. */
  readonly form: 'float' | 'base64';
  /** Further fields of the caller's request (`dimensions`, `user`), passed on unchanged. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The person who asks, as for a completion. */
  readonly ownerId?: string | undefined;
  /** Counts the answer until the caller has taken it. */
  readonly memory: AnswerMemory;
  /** Aborted when the caller has left or the time is up, as for a completion. */
  readonly signal: AbortSignal;
  readonly onQueue?: ((isWaiting: boolean) => void) | undefined;
}

/** Numbers, or the same numbers as 32-bit floats in base64. */
export type Embedding = readonly number[] | string;

export interface Embeddings {
  /** One vector for each input, in their order. */
  readonly vectors: readonly Embedding[];
  /** In model tokens, not trusted. Undefined if the provider did not report a number. */
  readonly promptTokens: number | undefined;
}

/** Makes embeddings. Fails with the same errors as a `CompletionProvider`. */
export interface EmbeddingProvider {
  embed(request: EmbeddingRequest): Promise<Embeddings>;
}

/**
 * Answers requests. Every answer is a stream, and a plain answer is a stream read to its end. Every failure is a
 * `ProviderError`, except that an aborted signal throws the signal's reason.
 */
export interface CompletionProvider {
  readonly name: string;
  /** Answers with lists of the events that came together, because handing on each alone costs more than its words. */
  complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]>;
  /**
   * Returns the whole answer at once. Only for a provider that calls no other service and stores nothing. It may be
   * called again for the same request.
   */
  answer?: ((request: InstantRequest) => WholeCompletion) | undefined;
  /** Returns the text that `answer` will return, before it is paid. Its length decides whether it can be stored. */
  draft?: ((request: InstantRequest) => string) | undefined;
  /** Absent if the provider makes no embeddings. */
  embed?: EmbeddingProvider['embed'];
  /** Closes connections that are kept open. */
  close?(): Promise<void>;
}
