import { applyDecorators } from '@nestjs/common';
import { IsInt, Max, Min } from 'class-validator';
import { REPORTED_ALONE, Presence, ReadWith } from './field-decorators.js';
import { describeNumber, type FieldDocs } from './field-docs.js';

/** The rules of an integer field. The sentences are those of Django REST framework's `IntegerField`. */
export interface NumberFieldRules {
  readonly min: number;
  readonly max: number;
  readonly mayBeNull?: boolean;
  readonly optional?: boolean;
  readonly docs?: Pick<FieldDocs, 'description' | 'examples'>;
}

/** Returns a number for a JSON integer or a form's digits. Returns any other value unchanged. */
function toNumber(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : value;
}

/** An integer in a request body, between two bounds. */
export function NumberField(rules: NumberFieldRules): PropertyDecorator {
  const { min, max, mayBeNull, optional } = rules;
  return applyDecorators(
    describeNumber(rules),
    ReadWith(toNumber),
    Presence({ mayBeNull, optional }),
    IsInt({ message: 'A valid integer is required.', ...REPORTED_ALONE }),
    Min(min, { message: `Ensure this value is greater than or equal to ${String(min)}.` }),
    Max(max, { message: `Ensure this value is less than or equal to ${String(max)}.` }),
  );
}
