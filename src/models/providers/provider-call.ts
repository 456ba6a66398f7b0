import { ProviderBusy, ProviderError, ProviderFailed, type ProviderReport } from '../../errors.js';
import { EventTooLarge } from '../answers/event-reader.js';
import { ConnectionQueueFull, type ProviderResponse } from './provider-connection.js';
import type { Refusal } from './refusal.js';

/** The limits for reading a refusal, which is usually a sentence or two. */
const REFUSAL = { maxBytes: 65_536, waitMs: 5000 };
const QUEUE_RETRY_SECONDS = 1;

/** Describes an event at a provider for the log. The time is measured from the creation of the reporter. */
export type Reporter = (reason: string) => ProviderReport;

export function reporterOf(provider: string, model: string): Reporter {
  const askedAt = performance.now();
  return (reason) => {
    const tookMs = Math.round(performance.now() - askedAt);
    return { provider, model, reason, tookMs };
  };
}

/** Checks for a successful status. Some frameworks answer a POST with 201. */
export const isSuccess = ({ statusCode }: ProviderResponse) =>
  statusCode >= 200 && statusCode < 300;

/** Reads a refusal, up to a size and a time. */
export async function refusalIn(response: ProviderResponse, signal: AbortSignal): Promise<Refusal> {
  const { statusCode: status, headers, body } = response;
  const timer = setTimeout(() => body.destroy(), REFUSAL.waitMs);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= REFUSAL.maxBytes) break;
    }
  } catch {
    // The part that came before the error or the timeout is used.
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
  // The decoder removes a byte order mark, which JSON must not have.
  const text = new TextDecoder().decode(Buffer.concat(parts).subarray(0, REFUSAL.maxBytes));
  return { status, retryAfter: retryAfterIn(headers), text };
}

/** Returns the time to wait. OpenAI's servers also send it in milliseconds, in a header of their own. */
function retryAfterIn(headers: ProviderResponse['headers']): string | undefined {
  const exact = headers['retry-after-ms'];
  return headers['retry-after']?.toString() ?? (exact === undefined ? exact : `${String(exact)}ms`);
}

export const failedError = (report: ProviderReport) => new ProviderFailed({ report });

/** Converts any error of a call to a `ProviderError`. */
export function toFailure(error: unknown, reportOf: Reporter): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof ConnectionQueueFull) {
    const report = reportOf('the connections to the provider are all in use');
    return new ProviderBusy(QUEUE_RETRY_SECONDS, { report });
  }
  if (error instanceof EventTooLarge) {
    return failedError(reportOf('the provider sent an event that is too large'));
  }
  const connectionCode = codeOf(error);
  const report = reportOf(`the connection to the provider failed: ${connectionCode}`);
  return failedError({ ...report, connectionCode });
}

/** Returns the system's error code, such as ECONNREFUSED. */
function codeOf(error: unknown): string {
  let at = error;
  while (typeof at === 'object' && at !== null) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    at = 'cause' in at ? at.cause : undefined;
  }
  return error instanceof Error ? error.name : typeof error;
}
