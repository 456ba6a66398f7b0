/** The most that one credit or limit may be, in whole tokens: a balance stays exact for ever. */
export const AMOUNT_MAX = 1_000_000_000_000;

/**
 * Refuses what is no amount of tokens: fractions, NaN, negatives and anything a double cannot hold
 * exactly. A caller that gets here with such a value has a bug, so it is a RangeError and not a 4xx.
 */
export function assertAmount(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw new RangeError(`not an amount of tokens: ${String(amount)}`);
  }
}
