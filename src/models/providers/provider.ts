import type { MaxTokensField } from '../../config/models-file.js';

/** One message of the context sent to a model. `content` is text, or OpenAI's parts, passed on as they came. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: unknown;
  readonly [key: string]: unknown;
}

/** Why the signal of a call is aborted where it was not the caller who left. */
export const TIME_IS_UP = 'time is up';

/** What is asked of a model. */
export interface CompletionRequest {
  /** The model's name at its provider. */
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** The most that may be produced, in model tokens; what the wallet affords, at most. */
  readonly maxTokens: number | undefined;
  /** By which name the provider is told so. */
  readonly maxTokensField: MaxTokensField;
  /** Further fields of the caller's request (temperature, tools, …), passed on as they came. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Aborted when the caller is gone or time is up: the call then ends by throwing. */
  readonly signal: AbortSignal;
  /** Told true while the call waits for a free connection, and false when it goes out: nobody is asked before. */
  readonly onQueue?: ((isWaiting: boolean) => void) | undefined;
}

/** What the provider says was used. Nothing here is trusted: pricing bounds it by the hold. */
export interface Usage {
  readonly promptTokens: number;
  /** What was thought is in it. */
  readonly completionTokens: number;
  /** How many of the prompt's were read from the provider's cache, which may be cheaper; absent where not told. */
  readonly cachedPromptTokens?: number | undefined;
  /** How many of the answer's were thought; absent where not told. It changes no price. */
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
  /** What the model thinks, where it tells: no part of the answer, but paid like it. */
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCallDelta[];
}

export interface CompletionDone {
  readonly type: 'done';
  readonly finishReason: FinishReason;
  /** Undefined when the provider told none, or nonsense. */
  readonly usage: Usage | undefined;
}

/** A stream is any number of `delta`s and then exactly one `done`. */
export type CompletionEvent = CompletionDelta | CompletionDone;

/** What is asked of one who answers at once: there is no time to stop it. */
export type InstantRequest = Omit<CompletionRequest, 'signal' | 'onQueue'>;

/** A whole answer that was made at once. */
export type WholeCompletion = Omit<CompletionDone, 'type'> & { readonly text: string };

/** A text to be embedded, or its model tokens. */
export type EmbeddingInput = string | readonly number[];

export interface EmbeddingRequest {
  /** The model's name at its provider. */
  readonly model: string;
  /** One or a list, as the caller has it. */
  readonly input: EmbeddingInput | readonly EmbeddingInput[];
  /** How many inputs that is. */
  readonly count: number;
  /** The form that is asked for; the provider may answer in the other. */
  readonly form: 'float' | 'base64';
  /** Further fields of the caller's request (`dimensions`, `user`), passed on as they came. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** As a completion's. */
  readonly signal: AbortSignal;
  readonly onQueue?: ((isWaiting: boolean) => void) | undefined;
}

/** Numbers, or the same as 32-bit floats in base64. */
export type Embedding = readonly number[] | string;

export interface Embeddings {
  /** One for each input, in their order. */
  readonly vectors: readonly Embedding[];
  /** In model tokens, not trusted; undefined when the provider told no such number. */
  readonly promptTokens: number | undefined;
}

/** Who makes embeddings. Fails as a `CompletionProvider` does. */
export interface EmbeddingProvider {
  embed(request: EmbeddingRequest): Promise<Embeddings>;
}

/**
 * Who answers. Streaming is the primitive; a plain answer is a stream read to its end. Every failure is a
 * `ProviderError`, except that an aborted signal throws the signal's reason.
 */
export interface CompletionProvider {
  readonly name: string;
  complete(request: CompletionRequest): AsyncIterable<CompletionEvent>;
  /** The whole answer at once, of one who asks nobody else and keeps nothing. May be called again for it. */
  answer?: ((request: InstantRequest) => WholeCompletion) | undefined;
  /** The words that `answer` will give, told before they are paid for: how long they are decides whether they can be kept. */
  draft?: ((request: InstantRequest) => string) | undefined;
  /** Absent where it makes no embeddings. */
  embed?: EmbeddingProvider['embed'];
  /** Lets go of what it keeps open. */
  close?(): Promise<void>;
}
