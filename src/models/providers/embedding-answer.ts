import { saysFailure } from '../answers/error-signs.js';
import { fairIterations } from '../../fair-iterations.js';
import { fieldsOf, type Fields } from '../../json-fields.js';
import type { Embedding, Embeddings } from '../provider.js';
import { floatsOf } from './vectors.js';

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** The beginning of a vector in JSON. A text cannot contain it, because its quotes would be escaped. */
const VECTOR_START = /"embedding"\s*:\s*(?=["[])/g;

/** The embeddings of one answer, all of one length. */
interface ReadEmbeddings extends Embeddings {
  readonly dimensions: number;
}

/**
 * Parses a provider's answer. Returns undefined unless it has one embedding for each of `count` inputs, all of one
 * length, and no error. If the items have an index, the index decides their order. Other requests run in between.
 */
export async function readEmbeddings(
  text: string,
  count: number,
): Promise<ReadEmbeddings | undefined> {
  const pause = fairIterations();
  const { outline, vectors: read } = await cutOutVectors(text, pause);
  const { data: items, usage, error } = fieldsOf(parse(outline)) ?? {};
  if (!Array.isArray(items) || items.length !== count || saysFailure(error)) return undefined;
  const vectors = new Map<number, Embedding>();
  let length: number | undefined;
  for (const [n, item] of items.entries()) {
    await pause();
    const { embedding: place, index: given } = fieldsOf(item) ?? {};
    const index = given ?? n;
    const embedding = Array.isArray(place) ? (read.get(place[0]) ?? place) : place;
    const numbers = numbersOf(embedding);
    if (!isCount(index) || index >= count || vectors.has(index)) return undefined;
    if (!numbers || numbers.length !== (length ?? numbers.length)) return undefined;
    length = numbers.length;
    vectors.set(index, embedding as Embedding);
  }
  const promptTokens = promptTokensIn(fieldsOf(usage) ?? {});
  const places = Array.from(vectors.keys()).sort((one, other) => one - other);
  const sorted = places.map((place) => vectors.get(place) ?? []);
  return { vectors: sorted, promptTokens, dimensions: length ?? 0 };
}

/** Returns the count of the prompt. A 0 beside another count is a field that the server does not fill. */
function promptTokensIn(usage: Fields): number | undefined {
  const names = ['prompt_tokens', 'input_tokens', 'total_tokens'];
  const counts = names.map((name) => usage[name]).filter(isCount);
  return counts.find((count) => count > 0) ?? counts[0];
}

/**
 * Parses each vector by itself, because to parse tens of megabytes at once blocks all other requests. Returns the
 * JSON with `["#n"]` in the place of vector n. If a vector cannot be parsed, the text from there on is not changed,
 * because searching it would take quadratic time.
 */
async function cutOutVectors(text: string, pause: () => Promise<void>) {
  const outline: string[] = [];
  const vectors = new Map<unknown, unknown>();
  let copied = 0;
  for (const { 0: key, index } of text.matchAll(VECTOR_START)) {
    await pause();
    const start = index + key.length;
    const end = text.indexOf(text[start] === '[' ? ']' : '"', start + 1) + 1;
    const vector = parse(text.slice(start, end));
    if (vector === undefined) break;
    const name = `#${String(vectors.size)}`;
    outline.push(text.slice(copied, start), `["${name}"]`);
    vectors.set(name, vector);
    copied = end;
  }
  return { outline: outline.join('') + text.slice(copied), vectors };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks for a number that a 32-bit float can hold. In base64, any larger one would become infinite. */
const isFloat = (number: unknown) =>
  Number.isFinite(number) && Number.isFinite(Math.fround(Number(number)));

/** Returns the numbers of an embedding in either form. Returns undefined if one of them is not such a number. */
function numbersOf(embedding: unknown): readonly number[] | undefined {
  const numbers: unknown = typeof embedding === 'string' ? floatsOf(embedding) : embedding;
  if (!Array.isArray(numbers) || numbers.length === 0) return undefined;
  return numbers.every(isFloat) ? (numbers as number[]) : undefined;
}
