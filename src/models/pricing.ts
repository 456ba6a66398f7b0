import type { FlatPrice, Price } from '../config/models-file.js';
import type { ChatMessage, Usage } from './providers/provider.js';

/** No tokenizer fits every model; three bytes of UTF-8 for a token errs on the provider's side for most. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 4;

/** How many model tokens a text has, where the provider does not tell. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** How many model tokens the messages have as a prompt. */
export function estimatePrompt(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content, ...rest }) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content ?? '');
    // Beside its role: calls of tools, say, which the model reads as well.
    const further = Object.keys(rest).length > 1 ? JSON.stringify(rest) : '';
    return sum + TOKENS_PER_MESSAGE + estimateTokens(text) + estimateTokens(further);
  }, 0);
}

/** Whether each message costs the same. */
export const isFlat = (price: Price): price is FlatPrice => 'perMessage' in price;

/** Whole tokens of the wallet for this many model tokens: the one place that rounds, and it rounds up. */
function metered(price: Price, { promptTokens, completionTokens }: Usage): number {
  if (isFlat(price)) return price.perMessage;
  const { per1kPrompt, per1kCompletion } = price;
  return Math.ceil((promptTokens * per1kPrompt + completionTokens * per1kCompletion) / 1000);
}

/** The most that an answer can cost: what is held before the provider is asked. */
export function ceiling(price: Price, promptTokens: number, maxTokens: number): number {
  return metered(price, { promptTokens, completionTokens: maxTokens });
}

/**
 * The longest answer, in model tokens, that `available` affords after the prompt; at most `maxTokens`.
 * Undefined when it does not even cover the prompt and one token.
 */
export function affordable(
  price: Price,
  promptTokens: number,
  maxTokens: number,
  available: number,
): number | undefined {
  if (ceiling(price, promptTokens, maxTokens) <= available) return maxTokens;
  if (isFlat(price) || price.per1kCompletion === 0) return undefined;
  const left = available * 1000 - promptTokens * price.per1kPrompt;
  const tokens = Math.floor(left / price.per1kCompletion);
  return tokens >= 1 ? Math.min(tokens, maxTokens) : undefined;
}

/** How an answer ended, as far as its price goes. */
export type Ending =
  'complete' | 'never asked' | 'gone before output' | 'gone mid-answer' | 'failed';

/**
 * What an answer costs, from 0 to `held`. `reported` is the provider's word and is taken where it is a
 * count, zero too; `estimated` stands in for it. The table of prices is in docs/pricing.md.
 */
export function cost(price: Price, ending: Ending, usage: Usage, held: number): number {
  if (ending === 'failed' || ending === 'never asked') return 0;
  if (isFlat(price)) return ending === 'gone before output' ? 0 : Math.min(price.perMessage, held);
  const completionTokens = ending === 'gone before output' ? 0 : usage.completionTokens;
  return Math.min(metered(price, { ...usage, completionTokens }), held);
}

/** Model tokens as they will be priced: each count that the provider told, and an estimate for the others. */
export function countUsage(reported: Usage | undefined, estimated: Usage): Usage {
  const pick = (field: keyof Usage) => {
    const count = reported?.[field];
    return Number.isSafeInteger(count) && Number(count) >= 0 ? Number(count) : estimated[field];
  };
  return { promptTokens: pick('promptTokens'), completionTokens: pick('completionTokens') };
}
