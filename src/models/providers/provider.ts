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

/**
 * Who answers. Streaming is the primitive; a plain answer is a stream read to its end. Every failure is a
 * `ProviderError`, except that an aborted signal throws the signal's reason.
 */
export interface CompletionProvider {
  readonly name: string;
  complete(request: CompletionRequest): AsyncIterable<CompletionEvent>;
  /** The whole answer at once, of one who asks nobody else and keeps nothing. May be called again for it. */
  answer?: ((request: InstantRequest) => WholeCompletion) | undefined;
  /** Lets go of what it keeps open. */
  close?(): Promise<void>;
}
