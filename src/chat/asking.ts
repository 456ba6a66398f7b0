import { ProviderBodyTooLarge, ProviderError, ProviderFailed, ProviderRefused } from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import type { CompletionRequest } from '../models/providers/provider.js';

/** No model of today answers with more. */
const ANSWER_MAX_CHARS = 4_000_000;
/** A model token is 3 or 4 characters, long runs of spaces apart: this much is more than was asked for. */
const CHARS_PER_TOKEN_MAX = 16;
const ANSWER_SLACK_CHARS = 1000;

/** What is asked of one model. */
export interface Ask {
  readonly model: Model;
  readonly request: Omit<CompletionRequest, 'signal'>;
}

/** A provider that does not heed `maxTokens`, or never ends, is cut off at so many characters. */
export const producedMax = ({ request: { maxTokens = Infinity } }: Ask) =>
  Math.min(ANSWER_MAX_CHARS, ANSWER_SLACK_CHARS + maxTokens * CHARS_PER_TOKEN_MAX);

/** The request is at fault: another model would be asked the same. */
export const isRefusal = (error: unknown) =>
  error instanceof ProviderRefused || error instanceof ProviderBodyTooLarge;

export const reportIn = (error: unknown) =>
  error instanceof ProviderError ? error.report : undefined;

export function failureOf(error: unknown): ProviderError {
  return error instanceof ProviderError ? error : new ProviderFailed({ cause: error });
}

/** Rejects with the signal's reason once it is aborted; never resolves. */
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
