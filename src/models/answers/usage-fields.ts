import { fieldsOf, type Fields } from '../../json-fields.js';
import type { Usage } from '../provider.js';

/** Returns NaN for a value that is not a number. Pricing then uses its estimate. */
const countOf = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);

/** Returns the usage in a chunk: beside its choices, in its choice (Moonshot), or in `x_groq`. */
export function usageIn(chunk: Fields, choice: Fields | undefined): Usage | undefined {
  const usage =
    fieldsOf(chunk['usage']) ??
    fieldsOf(choice?.['usage']) ??
    fieldsOf(fieldsOf(chunk['x_groq'])?.['usage']);
  return usage && toUsage(usage);
}

/** Returns the first value that is a number, or NaN. */
const firstCount = (...values: unknown[]) =>
  values.map(countOf).find((count) => !Number.isNaN(count)) ?? Number.NaN;

/** Returns the prompt tokens that were read from the provider's cache. The last field is Anthropic's. */
function cachedIn(usage: Fields): number {
  return firstCount(
    fieldsOf(usage['prompt_tokens_details'])?.['cached_tokens'],
    fieldsOf(usage['input_tokens_details'])?.['cached_tokens'],
    usage['cached_tokens'],
    usage['prompt_cache_hit_tokens'],
    usage['cache_read_input_tokens'],
  );
}

/**
 * Returns the cached tokens that are not part of the prompt's count. Anthropic counts tokens read from and written
 * to its cache separately, and so do some servers that pass its counts on.
 */
function tokensOutsidePrompt(usage: Fields, unexplained: number): number {
  const counts = [usage['cache_read_input_tokens'], usage['cache_creation_input_tokens']];
  const outside = counts.reduce<number>((sum, count) => sum + Math.max(0, countOf(count) || 0), 0);
  return outside <= unexplained ? outside : 0;
}

/**
 * Converts a provider's usage. Some providers do not include reasoning in `completion_tokens`, but in the total,
 * and bill for it. Without a total, more reasoning than answer shows the same.
 */
function toUsage(usage: Fields): Usage {
  const reportedPrompt = countOf(usage['prompt_tokens'] ?? usage['input_tokens']);
  const completionTokens = countOf(usage['completion_tokens'] ?? usage['output_tokens']);
  const reasoning = firstCount(
    fieldsOf(usage['completion_tokens_details'])?.['reasoning_tokens'],
    fieldsOf(usage['output_tokens_details'])?.['reasoning_tokens'],
    usage['reasoning_tokens'],
  );
  const cached = cachedIn(usage);
  const total = countOf(usage['total_tokens']);
  // Without a total, two signs show that the cached tokens are not part of the prompt's count: Anthropic's name for
  // the prompt, or more tokens in the cache than in the prompt.
  const isOutside = usage['prompt_tokens'] === undefined || cached > reportedPrompt;
  const unexplained = !Number.isNaN(total)
    ? total - reportedPrompt - completionTokens
    : isOutside
      ? Infinity
      : 0;
  const promptTokens = reportedPrompt + tokensOutsidePrompt(usage, unexplained);
  const reasoningOutside = Number.isNaN(total) && reasoning > completionTokens ? reasoning : 0;
  const byTotal = total - promptTokens;
  return {
    promptTokens,
    completionTokens: byTotal > completionTokens ? byTotal : completionTokens + reasoningOutside,
    ...(!Number.isNaN(cached) && { cachedPromptTokens: cached }),
    ...(!Number.isNaN(reasoning) && { reasoningTokens: reasoning }),
  };
}

/**
 * Merges two reports of usage. The last value of each count wins, because some servers report the counts one by
 * one, with 0 for the other count. So a 0 does not replace a count of the prompt or the answer.
 */
export function mergeUsage(
  earlier: Usage | undefined,
  latest: Usage | undefined,
): Usage | undefined {
  if (!earlier || !latest) return latest ?? earlier;
  if (latest.promptTokens === 0 && latest.completionTokens === 0) return earlier;
  const counts = Object.entries(latest).filter(([, count]) => !Number.isNaN(count));
  return {
    ...{ ...earlier, ...Object.fromEntries(counts) },
    promptTokens: countAfter(earlier.promptTokens, latest.promptTokens),
    completionTokens: countAfter(earlier.completionTokens, latest.completionTokens),
  };
}

const countAfter = (earlier: number, latest: number) =>
  Number.isNaN(latest) || (latest === 0 && earlier > 0) ? earlier : latest;
