import { describe, expect, it } from '@jest/globals';
import { affordableTokens, ceiling, cost, countUsage } from './pricing.js';

const PRICE = { per1kPrompt: 2, per1kCompletion: 3 };

describe('the price per model token', () => {
  it('adds prompt and answer, and rounds up once', () => {
    const usage = { promptTokens: 100, completionTokens: 100 };
    expect(cost(PRICE, 'complete', usage, 1000)).toBe(1);
    const more = { promptTokens: 400, completionTokens: 401 };
    expect(cost(PRICE, 'complete', more, 1000)).toBe(3);
  });

  it('is never above the hold, whatever the provider reported', () => {
    const absurd = { promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: 1e15 };
    expect(cost(PRICE, 'complete', absurd, 7)).toBe(7);
  });

  it('affords the longest answer that the ceiling covers, and not one model token more', () => {
    for (let available = 1; available <= 40; available += 1) {
      const tokens = affordableTokens(PRICE, 100, 1_000_000, available) ?? 0;
      if (tokens > 0) expect(ceiling(PRICE, 100, tokens)).toBeLessThanOrEqual(available);
      expect(ceiling(PRICE, 100, tokens + 1)).toBeGreaterThan(available);
    }
  });

  it('affords a single model token, and undefined if there is not enough for one', () => {
    expect(affordableTokens(PRICE, 498, 10, 1)).toBe(1);
    expect(affordableTokens(PRICE, 1000, 10, 1)).toBeUndefined();
    // Enough for exactly the prompt.
    expect(affordableTokens(PRICE, 500, 10, 1)).toBeUndefined();
    const freeAnswers = { per1kPrompt: 2, per1kCompletion: 0 };
    expect(affordableTokens(freeAnswers, 1000, 10, 2)).toBe(10);
    expect(affordableTokens(freeAnswers, 1000, 10, 1)).toBeUndefined();
  });

  it('charges the prompt and the output if the caller left, before the first output too', () => {
    const usage = { promptTokens: 1000, completionTokens: 1000 };
    expect(cost(PRICE, 'gone before output', { ...usage, completionTokens: 0 }, 100)).toBe(2);
    expect(cost(PRICE, 'gone before output', usage, 100)).toBe(5);
    expect(cost(PRICE, 'gone mid-answer', usage, 100)).toBe(5);
  });
});

describe('the price per 1,000,000 model tokens', () => {
  const price = { perMillionPrompt: 3, perMillionCompletion: 15, perMillionCachedPrompt: 2 };

  it('adds cached prompt, prompt and answer, and rounds up once', () => {
    const usage = { promptTokens: 500_000, completionTokens: 100_000, cachedPromptTokens: 400_000 };
    // 0.3 (new prompt tokens) + 0.8 (cached prompt tokens) + 1.5 (answer)
    expect(cost(price, 'complete', usage, 1000)).toBe(3);
    expect(cost(price, 'complete', { promptTokens: 1, completionTokens: 0 }, 1000)).toBe(1);
  });

  it('is exact at the largest prices and counts', () => {
    const expensivePrice = { perMillionPrompt: 100_000_000, perMillionCompletion: 100_000_000 };
    expect(ceiling(expensivePrice, 10_000_000, 10_000_000)).toBe(2_000_000_000);
    expect(ceiling(expensivePrice, 10_000_000, 9_999_999)).toBe(1_999_999_900);
  });

  it('holds cached model tokens at the full price of the prompt', () => {
    expect(ceiling(price, 1_000_000, 1_000_000)).toBe(18);
    for (let available = 1; available <= 40; available += 1) {
      const tokens = affordableTokens(price, 100, 10_000_000, available) ?? 0;
      if (tokens > 0) expect(ceiling(price, 100, tokens)).toBeLessThanOrEqual(available);
      expect(ceiling(price, 100, tokens + 1)).toBeGreaterThan(available);
    }
  });

  it('applies the cheaper price per 1,000 to cached model tokens, at most to the whole prompt', () => {
    const cached = { per1kPrompt: 10, per1kCompletion: 0, per1kCachedPrompt: 1 };
    const reported = { promptTokens: 1000, completionTokens: 0, cachedPromptTokens: 5000 };
    const usage = countUsage(reported, reported);
    expect(usage.cachedPromptTokens).toBe(1000);
    expect(cost(cached, 'complete', usage, 1000)).toBe(1);
    const invalidCount = countUsage({ ...reported, cachedPromptTokens: -1 }, reported);
    expect(cost(cached, 'complete', invalidCount, 1000)).toBe(10);
  });
});

describe('a flat price', () => {
  it.each([
    ['complete', 100],
    ['complete without output', 0],
    ['gone before output', 100],
    ['gone mid-answer', 100],
    ['never asked', 0],
    ['failed', 0],
  ] as const)('for an answer that is "%s" is %i', (ending, amount) => {
    const usage = { promptTokens: 5, completionTokens: 5 };
    expect(cost({ perMessage: 100 }, ending, usage, 100)).toBe(amount);
  });

  it('affords any length or no answer', () => {
    expect(affordableTokens({ perMessage: 100 }, 5, 50, 100)).toBe(50);
    expect(affordableTokens({ perMessage: 100 }, 5, 50, 99)).toBeUndefined();
  });
});

describe('the count of model tokens', () => {
  const estimated = { promptTokens: 8, completionTokens: 4 };

  it.each([undefined, Number.NaN, -1, 1.5, Infinity, 1e300])(
    'is the estimate if the provider reports %p',
    (count) => {
      const reported =
        count === undefined ? undefined : { promptTokens: count, completionTokens: 5 };
      expect(countUsage(reported, estimated).promptTokens).toBe(8);
    },
  );

  it('accepts a reported count of zero', () => {
    const reported = { promptTokens: 0, completionTokens: 0 };
    expect(countUsage(reported, estimated)).toMatchObject(reported);
  });

  it('limits cached and reasoning counts to the totals, and ignores invalid counts', () => {
    const counts = { promptTokens: 10, completionTokens: 5 };
    const parts = (cachedPromptTokens: number, reasoningTokens: number) =>
      countUsage({ ...counts, cachedPromptTokens, reasoningTokens }, estimated);
    expect(parts(4, 3)).toEqual({ ...counts, cachedPromptTokens: 4, reasoningTokens: 3 });
    expect(parts(11, 6)).toEqual({ ...counts, cachedPromptTokens: 10, reasoningTokens: 5 });
    const none = { ...counts, cachedPromptTokens: 0, reasoningTokens: 0 };
    expect(parts(-1, 1.5)).toEqual(none);
    expect(parts(Number.NaN, Infinity)).toEqual(none);
    expect(countUsage(counts, estimated)).toEqual(none);
  });
});
