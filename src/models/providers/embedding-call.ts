import type { ProviderSettings } from '../../config/models-file.js';
import { ProviderBusy } from '../../errors.js';
import { readEmbeddings } from './embedding-answer.js';
import {
  failedError,
  isSuccess,
  refusalIn,
  reporterOf,
  toFailure,
  type Reporter,
} from './provider-call.js';
import type { ProviderRoute, ProviderConnection, ProviderResponse } from './provider-connection.js';
import type { EmbeddingRequest, Embeddings } from './provider.js';
import { errorOf } from './refusal.js';

const EMBEDDINGS_ROUTE: ProviderRoute = { path: '/embeddings', accept: 'application/json' };
/** Maximum size of one answer. 2,048 embeddings of 3,072 numbers are 33 MB in base64. */
const ANSWER_MAX_BYTES = 50_331_648;
/**
 * Maximum size of all answers that are read at the same time, so that memory is bounded for any number of callers.
 */
const ANSWERS_IN_MEMORY_MAX_BYTES = 268_435_456;
const MEMORY_RETRY_SECONDS = 2;
/** With more inputs, base64 is always requested, because numbers as text are three times as long. */
const FLOATS_MAX_INPUTS = 256;

/** Bytes in memory of all answers that are not read to their end. */
const answersInMemory = { bytes: 0 };

/** Requests embeddings from one address, once. Throws a `ProviderError`, or the signal's reason. */
export async function embed(
  settings: Pick<ProviderSettings, 'name' | 'apiKey'>,
  connection: ProviderConnection,
  request: EmbeddingRequest,
): Promise<Embeddings> {
  const { signal, model, count, onQueue } = request;
  signal.throwIfAborted();
  const reportOf = reporterOf(settings.name, model);
  let isConnected = false;
  try {
    await connection.take(signal, onQueue);
    isConnected = true;
    const response = await connection.ask(EMBEDDINGS_ROUTE, bodyOf(request), signal);
    if (!isSuccess(response)) {
      const refusal = await refusalIn(response, signal);
      const report = reportOf(`the provider answered ${String(response.statusCode)}`);
      throw errorOf(refusal, settings.apiKey, report);
    }
    const embeddings = readEmbeddings(await readAnswer(response, reportOf), count);
    if (embeddings) return embeddings;
    throw failedError(reportOf('the provider answered with something else than embeddings'));
  } catch (error) {
    signal.throwIfAborted();
    throw toFailure(error, reportOf);
  } finally {
    if (isConnected) connection.release();
  }
}

function bodyOf({ model, input, form, count, extra }: EmbeddingRequest): string {
  const isBase64 = form === 'base64' || count > FLOATS_MAX_INPUTS;
  return JSON.stringify({ ...extra, model, input, ...(isBase64 && { encoding_format: 'base64' }) });
}

/** Reads the whole answer. Throws if it exceeds the limit for one answer or for all of them. */
async function readAnswer({ body }: ProviderResponse, reportOf: Reporter): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      answersInMemory.bytes += part.length;
      if (bytes > ANSWER_MAX_BYTES) {
        throw failedError(reportOf('the provider sent an answer that is too large'));
      }
      if (answersInMemory.bytes > ANSWERS_IN_MEMORY_MAX_BYTES) {
        const report = reportOf('too many embeddings are read at the same time');
        throw new ProviderBusy(MEMORY_RETRY_SECONDS, { report });
      }
    }
    // The decoder removes a byte order mark, which JSON must not have.
    return new TextDecoder().decode(Buffer.concat(parts));
  } finally {
    answersInMemory.bytes -= bytes;
  }
}
