import { fieldsOf } from './fields.js';
import type { Embedding, Embeddings } from './provider.js';
import { floatsOf } from './vectors.js';

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/**
 * Parses a provider's answer. Returns undefined unless it has one embedding for each of `count` inputs, all of one
 * length. If the items have an index, the index decides their order.
 */
export function readEmbeddings(text: string, count: number): Embeddings | undefined {
  const { data: items, usage } = fieldsOf(parse(text)) ?? {};
  if (!Array.isArray(items) || items.length !== count) return undefined;
  const vectors = new Map<number, Embedding>();
  let dimensions: number | undefined;
  for (const [n, item] of items.entries()) {
    const { embedding, index: given } = fieldsOf(item) ?? {};
    const index = given ?? n;
    const numbers = numbersOf(embedding);
    if (!isCount(index) || index >= count || vectors.has(index)) return undefined;
    if (!numbers || numbers.length !== (dimensions ?? numbers.length)) return undefined;
    dimensions = numbers.length;
    vectors.set(index, embedding as Embedding);
  }
  const reportedUsage = fieldsOf(usage) ?? {};
  const promptTokens = [reportedUsage['prompt_tokens'], reportedUsage['total_tokens']].find(
    isCount,
  );
  const places = Array.from(vectors.keys()).sort((one, other) => one - other);
  return { vectors: places.map((place) => vectors.get(place) ?? []), promptTokens };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the numbers of an embedding in either form. Returns undefined if one of them is not a number. */
function numbersOf(embedding: unknown): readonly number[] | undefined {
  const numbers: unknown = typeof embedding === 'string' ? floatsOf(embedding) : embedding;
  if (!Array.isArray(numbers) || numbers.length === 0) return undefined;
  return numbers.every((number) => Number.isFinite(number)) ? (numbers as number[]) : undefined;
}
