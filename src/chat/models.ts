import type { CompletionProvider } from './providers/provider.js';

/** Whole tokens of the wallet for a message, whatever its length. */
export interface FlatPrice {
  readonly perMessage: number;
}

/** Whole tokens of the wallet for each 1,000 model tokens; the sum of both is rounded up once. */
export interface MeteredPrice {
  readonly per1kPrompt: number;
  readonly per1kCompletion: number;
}

export type Price = FlatPrice | MeteredPrice;

/** A model as callers know it, and what stands behind it. */
export interface Model {
  /** The public name. */
  readonly id: string;
  readonly provider: CompletionProvider;
  /** Its name at the provider. */
  readonly upstream: string;
  readonly price: Price;
  /** What prompt and answer may have together, in model tokens. */
  readonly contextTokens: number;
  /** The longest answer, in model tokens; also what is asked for where the caller names none. */
  readonly maxTokens: number;
}
