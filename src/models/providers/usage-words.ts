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

/**
 * Some providers count what was thought beside `completion_tokens`: the total has it then, and they bill it. Where
 * there is no total, more thinking than answer shows the same.
 */
function toUsage(usage: Fields): Usage {
  const promptTokens = countOf(usage['prompt_tokens'] ?? usage['input_tokens']);
  const completionTokens = countOf(usage['completion_tokens'] ?? usage['output_tokens']);
  const total = countOf(usage['total_tokens']);
  const thought = countOf(fieldsOf(usage['completion_tokens_details'])?.['reasoning_tokens']);
  const beside = Number.isNaN(total) && thought > completionTokens ? thought : 0;
  const byTotal = total - promptTokens;
  const cached = countOf(
    fieldsOf(usage['prompt_tokens_details'])?.['cached_tokens'] ?? usage['prompt_cache_hit_tokens'],
  );
  return {
    promptTokens,
    completionTokens: byTotal > completionTokens ? byTotal : completionTokens + beside,
    ...(!Number.isNaN(cached) && { cachedPromptTokens: cached }),
    ...(!Number.isNaN(thought) && { reasoningTokens: thought }),
  };
}
