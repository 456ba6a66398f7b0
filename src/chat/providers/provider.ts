/** One message of the context sent to a model. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A stream is any number of `delta`s and then exactly one `done`. */
export type CompletionEvent =
  { readonly type: 'delta'; readonly text: string } | { readonly type: 'done' };

/** Who answers. Streaming is the primitive; a plain answer is a stream read to its end. */
export interface CompletionProvider {
  readonly model: string;
  /** Ends early, by throwing, when `signal` aborts. */
  complete(
    messages: readonly ChatMessage[],
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<CompletionEvent>;
}

/** The token under which the default provider is injected. */
export const PROVIDER = Symbol('completion provider');

/** The whole text of a stream. */
export async function readToEnd(events: AsyncIterable<CompletionEvent>): Promise<string> {
  let text = '';
  for await (const event of events) if (event.type === 'delta') text += event.text;
  return text;
}
