import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Embedding } from '../models/providers/provider.js';
import { floatsOf, toBase64 } from '../models/providers/vectors.js';
import type { PaidEmbeddings } from './embeddings.service.js';

/** Number of embeddings that are written before other requests get a turn. A long list is tens of megabytes. */
const BATCH_EMBEDDINGS = 64;

/** Returns the JSON of a list in OpenAI's format. Each embedding has the form that was requested. */
export async function toListJson(
  { model, vectors, promptTokens }: PaidEmbeddings,
  form: 'float' | 'base64',
): Promise<string> {
  const items: string[] = [];
  for (const [index, vector] of vectors.entries()) {
    if (index % BATCH_EMBEDDINGS === BATCH_EMBEDDINGS - 1) await nextTurn();
    items.push(JSON.stringify({ object: 'embedding', index, embedding: inForm(vector, form) }));
  }
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  const rest = JSON.stringify({ model, usage }).slice(1);
  return `{"object":"list","data":[${items.join(',')}],${rest}`;
}

function inForm(vector: Embedding, form: 'float' | 'base64'): Embedding {
  if (form === 'float') return typeof vector === 'string' ? (floatsOf(vector) ?? []) : vector;
  return typeof vector === 'string' ? vector : toBase64(vector);
}
