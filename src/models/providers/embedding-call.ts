import type { ProviderSettings } from '../../config/listed-provider.js';
import { AnswerMemoryFull, ProviderRefused } from '../../errors.js';
import type { AnswerMemory } from '../answer-memory.js';
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
import type { EmbeddingRequest, Embeddings } from '../provider.js';
import { errorOf } from './refusal.js';

const EMBEDDINGS_ROUTE: ProviderRoute = { path: '/embeddings', accept: 'application/json' };
/** Maximum size of one answer. 2,048 embeddings of 3,072 numbers are 33 MB in base64. */
const ANSWER_MAX_BYTES = 50_331_648;
const MEMORY_RETRY_SECONDS = 2;
/** With more inputs, base64 is always requested, because numbers as text are three times as long. */
const FLOATS_MAX_INPUTS = 256;

/** Size of a number in memory. Most are shorter as text. */
const NUMBER_BYTES = 8;

/**
 * Requests embeddings from one address, once. They count in `request.memory`. Throws a `ProviderError`, or the
 * signal's reason.
 */
export async function embed(
  settings: Pick<ProviderSettings, 'name' | 'apiKey'>,
  connection: ProviderConnection,
  request: EmbeddingRequest,
): Promise<Embeddings> {
  const { signal, model, count, memory, onQueue, extra } = request;
  signal.throwIfAborted();
  const reportOf = reporterOf(settings.name, model);
  let isConnected = false;
  try {
    // Before the provider is paid for an answer that would not fit.
    occupy(memory, 0, reportOf);
    await connection.take(signal, onQueue);
    isConnected = true;
    const response = await connection.ask(EMBEDDINGS_ROUTE, bodyOf(request), signal);
    if (!isSuccess(response)) {
      const refusal = await refusalIn(response, signal);
      const report = reportOf(`the provider answered ${String(response.statusCode)}`);
      throw errorOf(refusal, settings.apiKey, report);
    }
    const answer = await readAnswer(response, memory, reportOf);
    const embeddings = await readEmbeddings(answer, count);
    signal.throwIfAborted();
    if (!embeddings) {
      throw failedError(reportOf('the provider answered with something else than embeddings'));
    }
    assertDimensions(embeddings.dimensions, extra, reportOf);
    occupy(memory, sizeOf(embeddings), reportOf);
    return embeddings;
  } catch (error) {
    signal.throwIfAborted();
    throw toFailure(error, reportOf);
  } finally {
    if (isConnected) connection.release();
  }
}

/**
 * Throws `ProviderRefused` if the embeddings do not have the requested length, because the model does not know that length.
 * A failure would make clients ask again, and the provider would be paid for each call.
 */
function assertDimensions(
  made: number,
  { dimensions }: EmbeddingRequest['extra'],
  reportOf: Reporter,
): void {
  if (typeof dimensions !== 'number' || made === dimensions) return;
  const sentence = `The model made embeddings of ${String(made)} numbers, and not of ${String(dimensions)}. Nothing was charged.`;
  throw new ProviderRefused(sentence, {
    report: reportOf('the provider ignored the length of the embeddings'),
  });
}

function bodyOf({ model, input, form, count, extra }: EmbeddingRequest): string {
  const isBase64 = form === 'base64' || count > FLOATS_MAX_INPUTS;
  return JSON.stringify({ ...extra, model, input, ...(isBase64 && { encoding_format: 'base64' }) });
}

/** Reads the whole answer. Throws if it exceeds the limit for one answer or for all of them. */
async function readAnswer(
  { body }: ProviderResponse,
  memory: AnswerMemory,
  reportOf: Reporter,
): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > ANSWER_MAX_BYTES) {
      throw failedError(reportOf('the provider sent an answer that is too large'));
    }
    occupy(memory, bytes, reportOf);
  }
  // The decoder removes a byte order mark, which JSON must not have.
  return new TextDecoder().decode(Buffer.concat(parts));
}

function occupy(memory: AnswerMemory, bytes: number, reportOf: Reporter): void {
  if (memory.resize(bytes)) return;
  const report = reportOf('too many embeddings are in memory at the same time');
  throw new AnswerMemoryFull(MEMORY_RETRY_SECONDS, { report });
}

/** Returns the bytes in memory. */
const sizeOf = ({ vectors }: Embeddings): number =>
  vectors.reduce(
    (sum, vector) => sum + vector.length * (typeof vector === 'string' ? 1 : NUMBER_BYTES),
    0,
  );
