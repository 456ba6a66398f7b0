import { describe, expect, it } from '@jest/globals';
import { affordable, ceiling, cost, countUsage } from './pricing.js';

const PRICE = { per1kPrompt: 2, per1kCompletion: 3 };

describe('the price per model token', () => {
  it('adds prompt and answer, and rounds up once', () => {
    const usage = { promptTokens: 100, completionTokens: 100 };
    expect(cost(PRICE, 'complete', usage, 1000)).toBe(1);
    const more = { promptTokens: 400, completionTokens: 401 };
    expect(cost(PRICE, 'complete', more, 1000)).toBe(3);
  });

  it('is never above the hold, whatever was reported', () => {
    const absurd = { promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: 1e15 };
    expect(cost(PRICE, 'complete', absurd, 7)).toBe(7);
  });

  it('affords the longest answer whose ceiling is still covered, and not one model token more', () => {
    for (let available = 1; available <= 40; available += 1) {
      const tokens = affordable(PRICE, 100, 1_000_000, available) ?? 0;
      if (tokens > 0) expect(ceiling(PRICE, 100, tokens)).toBeLessThanOrEqual(available);
      expect(ceiling(PRICE, 100, tokens + 1)).toBeGreaterThan(available);
    }
  });
});

describe('the count of model tokens', () => {
  const estimated = { promptTokens: 8, completionTokens: 4 };

  it.each([undefined, Number.NaN, -1, 1.5, Infinity, 1e300])('%p: the estimate', (count) => {
    const reported = count === undefined ? undefined : { promptTokens: count, completionTokens: 5 };
    expect(countUsage(reported, estimated).promptTokens).toBe(8);
  });

  it('takes zero at its word', () => {
    const reported = { promptTokens: 0, completionTokens: 0 };
    expect(countUsage(reported, estimated)).toEqual(reported);
  });
});
