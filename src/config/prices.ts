import { ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';
import { REPORTED_ALONE } from '../fields/field-decorators.js';
import { isFields } from '../json-fields.js';

/** This bound keeps every price times every count an exact integer. */
const PRICE_MAX = 100_000_000;

/** Validates a whole number between two bounds. There is no default. */
export function WholeNumber(min: number, max: number): PropertyDecorator {
  const range = `must be a whole number from ${String(min)} to ${String(max)}`;
  const isWhole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= min;
  return ValidateBy(
    { name: 'whole', validator: { validate: (value) => isWhole(value) && Number(value) <= max } },
    {
      message: ({ value }) => (value === undefined ? `${range}; missing` : range),
      ...REPORTED_ALONE,
    },
  );
}

export const OptionalField = ValidateIf((_, value) => value !== undefined);

/**
 * Validates that a price is not higher than the price of the prompt, because the hold counts at the price of
 * the prompt.
 */
function AtMost(prompt: string): PropertyDecorator {
  const maxOf = (args: ValidationArguments | undefined) =>
    Number((args?.object as Readonly<Record<string, unknown>>)[prompt]);
  return ValidateBy(
    {
      name: 'atMost',
      validator: {
        validate: (value, args) =>
          Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= maxOf(args),
      },
    },
    {
      message: (args) => `must be a whole number from 0 to ${String(maxOf(args))}`,
      ...REPORTED_ALONE,
    },
  );
}

/** Whole tokens of the wallet for a message, whatever its length. */
export class FlatPrice {
  @WholeNumber(0, PRICE_MAX)
  readonly perMessage!: number;
}

/** Whole tokens of the wallet for each 1,000 model tokens; the sum is rounded up once. */
class MeteredPrice {
  @WholeNumber(0, PRICE_MAX)
  readonly per1kPrompt!: number;

  @WholeNumber(0, PRICE_MAX)
  readonly per1kCompletion!: number;

  /**
   * The price for model tokens that the provider read from its cache. Without it they cost the same as the
   * rest of the prompt.
   */
  @OptionalField
  @AtMost('per1kPrompt')
  readonly per1kCachedPrompt?: number;
}

/**
 * Whole tokens of the wallet for each 1,000,000 model tokens, the unit in which providers publish their
 * prices.
 */
class PriceByMillion {
  @WholeNumber(0, PRICE_MAX)
  readonly perMillionPrompt!: number;

  @WholeNumber(0, PRICE_MAX)
  readonly perMillionCompletion!: number;

  @OptionalField
  @AtMost('perMillionPrompt')
  readonly perMillionCachedPrompt?: number;
}

export type Price = FlatPrice | MeteredPrice | PriceByMillion;

export const unitOf = (price: object) =>
  'perMessage' in price
    ? 'perMessage'
    : Object.keys(price).some((name) => name.startsWith('perMillion'))
      ? 'perMillion'
      : 'per1k';

export const PRICES = { perMessage: FlatPrice, perMillion: PriceByMillion, per1k: MeteredPrice };

/** A missing price has no default, because then the model would be free. */
export const OnePrice = ValidateBy(
  {
    name: 'onePrice',
    validator: {
      validate: (price) =>
        !isFields(price) || Object.keys(price).every((name) => name.startsWith(unitOf(price))),
    },
  },
  { message: 'must be perMessage, or per1k… alone, or perMillion… alone, not both' },
);
