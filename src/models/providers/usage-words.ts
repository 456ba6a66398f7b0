import type { Usage } from './provider.js';

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;

/** What is no count becomes NaN, for which pricing puts its estimate. */
const countOf = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);

/** The usage that a chunk tells: beside its choices, in its choice (Moonshot), or in `x_groq`. */
export function usageIn(chunk: Fields, choice: Fields | undefined): Usage | undefined {
  const places = [chunk['usage'], choice?.['usage'], fieldsOf(chunk['x_groq'])?.['usage']];
  const usage = places.map(fieldsOf).find((fields) => fields !== undefined);
  return usage && toUsage(usage);
}

/** The first of these that is a count; NaN where none is. */
const firstCount = (...values: unknown[]) =>
  values.map(countOf).find((count) => !Number.isNaN(count)) ?? Number.NaN;

/** Where servers tell what of the prompt was read from their cache; the last as Anthropic does. */
function cachedIn(usage: Fields): number {
  return firstCount(
    fieldsOf(usage['prompt_tokens_details'])?.['cached_tokens'],
    fieldsOf(usage['input_tokens_details'])?.['cached_tokens'],
    usage['cached_tokens'],
    usage['prompt_cache_hit_tokens'],
    usage['cache_read_input_tokens'],
  );
}

/** Anthropic counts what is read from its cache, and written to it, beside the prompt; so do some who pass it on. */
function besidePrompt(usage: Fields, unexplained: number): number {
  const counts = [usage['cache_read_input_tokens'], usage['cache_creation_input_tokens']];
  const beside = counts.reduce<number>((sum, count) => sum + Math.max(0, countOf(count) || 0), 0);
  return beside <= unexplained ? beside : 0;
}

/**
 * Some providers count what was thought beside `completion_tokens`: the total has it then, and they bill it. Where
 * there is no total, more thinking than answer shows the same.
 */
function toUsage(usage: Fields): Usage {
  const told = countOf(usage['prompt_tokens'] ?? usage['input_tokens']);
  const completionTokens = countOf(usage['completion_tokens'] ?? usage['output_tokens']);
  const thought = firstCount(
    fieldsOf(usage['completion_tokens_details'])?.['reasoning_tokens'],
    fieldsOf(usage['output_tokens_details'])?.['reasoning_tokens'],
    usage['reasoning_tokens'],
  );
  const cached = cachedIn(usage);
  const total = countOf(usage['total_tokens']);
  // Without a total, Anthropic's name of the prompt, or more in the cache than in the prompt, shows that it is beside it.
  const isBeside = usage['prompt_tokens'] === undefined || cached > told;
  const unexplained = !Number.isNaN(total)
    ? total - told - completionTokens
    : isBeside
      ? Infinity
      : 0;
  const promptTokens = told + besidePrompt(usage, unexplained);
  const beside = Number.isNaN(total) && thought > completionTokens ? thought : 0;
  const byTotal = total - promptTokens;
  return {
    promptTokens,
    completionTokens: byTotal > completionTokens ? byTotal : completionTokens + beside,
    ...(!Number.isNaN(cached) && { cachedPromptTokens: cached }),
    ...(!Number.isNaN(thought) && { reasoningTokens: thought }),
  };
}
