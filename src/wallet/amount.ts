/**
 * The largest amount of one credit or one limit, in whole tokens. It keeps every balance an exact JavaScript
 * number.
 */
export const AMOUNT_MAX = 1_000_000_000_000;

/**
 * Throws `RangeError` unless `amount` is a whole, non-negative number that a double stores exactly. A caller
 * that passes another value has a bug, so this is not a 4xx.
 */
export function assertAmount(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw new RangeError(`not an amount of tokens: ${String(amount)}`);
  }
}
