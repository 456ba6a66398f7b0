import { ProviderBodyTooLarge, ProviderError, ProviderFailed, ProviderRefused } from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import type { CompletionRequest } from '../models/providers/provider.js';

/** What is asked of one model. */
export interface Ask {
  readonly model: Model;
  readonly request: Omit<CompletionRequest, 'signal'>;
}

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
