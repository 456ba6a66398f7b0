import { Readable } from 'node:stream';
import { ownIteration } from '../fair-iterations.js';
import type { Embedding } from '../models/provider.js';
import { floatsOf, toBase64 } from '../models/providers/vectors.js';
import type { EmbeddingDto, EmbeddingsUsageDto } from './embeddings.dto.js';
import type { PaidEmbeddings } from './embeddings.service.js';

/** Number of characters that are collected before they are sent and other requests get a turn. */
const CHUNK_MIN_CHARS = 65_536;

/**
 * Returns the JSON of a list in OpenAI's format. Each embedding has the form that was requested. A long list is more
 * than a hundred megabytes, so only what the reader takes is written.
 */
export function listJson(made: PaidEmbeddings, form: 'float' | 'base64'): Readable {
  return Readable.from(chunksOf(made, form), { objectMode: false });
}

async function* chunksOf(
  { model, vectors, promptTokens }: PaidEmbeddings,
  form: 'float' | 'base64',
): AsyncGenerator<string> {
  let text = '{"object":"list","data":[';
  for (const [index, vector] of vectors.entries()) {
    if (index > 0) text += ',';
    const item: EmbeddingDto = { object: 'embedding', index, embedding: inForm(vector, form) };
    text += JSON.stringify(item);
    if (text.length < CHUNK_MIN_CHARS) continue;
    yield text;
    text = '';
    await ownIteration();
  }
  const usage: EmbeddingsUsageDto = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  yield `${text}],${JSON.stringify({ model, usage }).slice(1)}`;
}

function inForm(vector: Embedding, form: 'float' | 'base64'): Embedding {
  if (form === 'float') return typeof vector === 'string' ? (floatsOf(vector) ?? []) : vector;
  return typeof vector === 'string' ? vector : toBase64(vector);
}
