import type { FlatPrice, Price } from '../config/prices.js';
import type { Usage } from './provider.js';

/** Checks whether each message costs the same. */
export const isFlat = (price: Price): price is FlatPrice => 'perMessage' in price;

/** Whole wallet tokens for each `per` model tokens. */
interface Rates {
  readonly per: number;
  readonly prompt: number;
  readonly completion: number;
  readonly cachedPrompt: number;
}

function ratesOf(price: Exclude<Price, FlatPrice>): Rates {
  if ('per1kPrompt' in price) {
    const { per1kPrompt: prompt, per1kCompletion: completion, per1kCachedPrompt } = price;
    return { per: 1000, prompt, completion, cachedPrompt: per1kCachedPrompt ?? prompt };
  }
  const { perMillionPrompt: prompt, perMillionCompletion: completion, ...rest } = price;
  const cachedPrompt = rest.perMillionCachedPrompt ?? prompt;
  return { per: 1_000_000, prompt, completion, cachedPrompt };
}

/**
 * Returns the price of this many model tokens in whole wallet tokens. Only this function rounds, and it rounds up.
 */
function meteredPrice(price: Price, usage: Usage): number {
  if (isFlat(price)) return price.perMessage;
  const { per, prompt, completion, cachedPrompt } = ratesOf(price);
  const { promptTokens, completionTokens, cachedPromptTokens: cached = 0 } = usage;
  const sum =
    (promptTokens - cached) * prompt + cached * cachedPrompt + completionTokens * completion;
  return Math.ceil(sum / per);
}

/** Returns the maximum price of an answer, which is held before the provider is asked. */
export function ceiling(price: Price, promptTokens: number, maxTokens: number): number {
  return meteredPrice(price, { promptTokens, completionTokens: maxTokens });
}

/**
 * Returns the longest answer, in model tokens, that `available` pays for after the prompt. It is at most
 * `maxTokens`. Returns undefined if `available` does not pay for the prompt and one token.
 */
export function affordableTokens(
  price: Price,
  promptTokens: number,
  maxTokens: number,
  available: number,
): number | undefined {
  if (ceiling(price, promptTokens, maxTokens) <= available) return maxTokens;
  if (isFlat(price)) return undefined;
  const { per, prompt, completion } = ratesOf(price);
  if (completion === 0) return undefined;
  const tokens = Math.floor((available * per - promptTokens * prompt) / completion);
  return tokens >= 1 ? Math.min(tokens, maxTokens) : undefined;
}

/** How an answer ended, as far as its price depends on it. Reasoning is output as well. */
export type Ending =
  | 'complete'
  | 'complete without output'
  | 'never asked'
  | 'gone before output'
  | 'gone mid-answer'
  | 'failed';

/**
 * Which endings are free. At a flat price, an answer without output costs nothing. At a price by model tokens the
 * provider has read the prompt, so the prompt is charged.
 */
const FREE_ENDINGS: Readonly<Record<Ending, 'always' | 'at a flat price' | 'never'>> = {
  complete: 'never',
  'complete without output': 'at a flat price',
  'never asked': 'always',
  'gone before output': 'never',
  'gone mid-answer': 'never',
  failed: 'always',
};

/**
 * Returns the price of an answer, from 0 to `held`, in wallet tokens. `usage` is the result of `countUsage`. The
 * table of prices is in docs/pricing.md.
 */
export function cost(price: Price, ending: Ending, usage: Usage, held: number): number {
  if (FREE_ENDINGS[ending] === 'always') return 0;
  if (FREE_ENDINGS[ending] === 'at a flat price' && isFlat(price)) return 0;
  return Math.min(meteredPrice(price, usage), held);
}

const isCount = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** Counts of model tokens. Each part is at most its whole, and 0 if the provider did not report it. */
type CountedUsage = Readonly<Record<keyof Usage, number>>;

/** Returns the model tokens to charge: each valid count of the provider, zero too, and an estimate for the others. */
export function countUsage(reported: Usage | undefined, estimated: Usage): CountedUsage {
  const pick = (field: 'promptTokens' | 'completionTokens') => {
    const count = reported?.[field];
    return isCount(count) ? count : estimated[field];
  };
  const among = (field: 'cachedPromptTokens' | 'reasoningTokens', all: number) => {
    const count = reported?.[field];
    return isCount(count) ? Math.min(count, all) : 0;
  };
  const promptTokens = pick('promptTokens');
  const completionTokens = pick('completionTokens');
  return {
    promptTokens,
    completionTokens,
    cachedPromptTokens: among('cachedPromptTokens', promptTokens),
    reasoningTokens: among('reasoningTokens', completionTokens),
  };
}
