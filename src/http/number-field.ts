import { applyDecorators } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { describeNumber, type FieldDocs } from './field-docs.js';

/** How a whole number is read. The sentences are Django REST framework's `IntegerField`. */
export interface NumberFieldRules {
  readonly min: number;
  readonly max: number;
  readonly mayBeNull?: boolean;
  readonly docs?: Pick<FieldDocs, 'description' | 'examples'>;
}

/** A JSON integer, or a form's digits, as a number; anything else as it came. */
function toNumber(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : value;
}

function messageFor(value: unknown, { min, max, mayBeNull }: NumberFieldRules): string | undefined {
  if (value === undefined) return 'This field is required.';
  if (value === null) return mayBeNull ? undefined : 'This field may not be null.';
  if (!Number.isInteger(value) || typeof value !== 'number') return 'A valid integer is required.';
  if (value < min) return `Ensure this value is greater than or equal to ${String(min)}.`;
  if (value > max) return `Ensure this value is less than or equal to ${String(max)}.`;
  return undefined;
}

/** A whole number in a request body, between two bounds. */
export function NumberField(rules: NumberFieldRules): PropertyDecorator {
  return applyDecorators(
    describeNumber(rules),
    Expose(),
    Transform(({ value }: { value: unknown }) => toNumber(value)),
    ValidateBy({
      name: 'numberField',
      validator: {
        validate: (value: unknown) => messageFor(value, rules) === undefined,
        defaultMessage: (args?: ValidationArguments) => messageFor(args?.value, rules) ?? '',
      },
    }),
  );
}
