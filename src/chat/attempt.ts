import {
  ProviderBodyTooLarge,
  ProviderError,
  ProviderFailed,
  ProviderRefused,
  ProviderTimedOut,
} from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import type { CompletionDone, CompletionRequest } from '../models/provider.js';

/** More characters than any current model answers with. */
const ANSWER_MAX_CHARS = 4_000_000;
/**
 * Upper bound of characters for one model token. A token is usually 3 or 4 characters, except for long runs
 * of spaces.
 */
const CHARS_PER_TOKEN_MAX = 16;
const ANSWER_SLACK_CHARS = 1000;

/** The end of an answer that is too long. What came before is charged, by our estimate. */
export const CUT: CompletionDone = { type: 'done', finishReason: 'length', usage: undefined };

/** The request to one model. */
export interface Attempt {
  readonly model: Model;
  readonly request: Omit<CompletionRequest, 'signal'>;
}

/**
 * Returns the number of characters after which an answer is cut off. This stops a provider that ignores
 * `maxTokens` or never ends.
 */
export const maxChars = ({ request: { maxTokens = Infinity } }: Attempt) =>
  Math.min(ANSWER_MAX_CHARS, ANSWER_SLACK_CHARS + maxTokens * CHARS_PER_TOKEN_MAX);

/** Returns whether the request itself is at fault. Another model would get the same request, so it is not asked. */
export const isRefusal = (error: unknown) =>
  error instanceof ProviderRefused || error instanceof ProviderBodyTooLarge;

export const reportIn = (error: unknown) =>
  error instanceof ProviderError ? error.report : undefined;

export function failureOf(error: unknown): ProviderError {
  return error instanceof ProviderError ? error : new ProviderFailed({ cause: error });
}

/** Returns the error of an attempt that has taken all of its time. */
export function timeoutOf({ model, request }: Attempt, tookMs: number): ProviderTimedOut {
  const asked = { provider: model.provider.name, model: request.model };
  const report = { ...asked, reason: 'the time was up', tookMs: Math.round(tookMs) };
  return new ProviderTimedOut({ report });
}

/** Returns a promise that rejects with the signal's reason once it is aborted, and never resolves. */
export function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_, reject) => {
    const fail = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  rejection.catch(() => undefined);
  return rejection;
}
