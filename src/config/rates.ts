import { EnvError, makeValidator } from 'envalid';

/** A limit of `count` requests in any window of this length, and `count` at once. */
export interface Rate {
  readonly count: number;
  readonly windowSeconds: number;
}

const RATE = /^([1-9]\d{0,6})\/([smhd])$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Parses a rate that the validator has accepted, for example `120/m`. */
export function toRate(text: string): Rate {
  const [, count = '0', unit = 's'] = RATE.exec(text) ?? [];
  return { count: Number(count), windowSeconds: UNIT_SECONDS[unit] ?? 1 };
}

export const rate = makeValidator<string>((input) => {
  if (RATE.test(input)) return input;
  throw new EnvError(
    'must be a count and a window, for example 120/m: 1 to 9999999 in s, m, h or d',
  );
});
