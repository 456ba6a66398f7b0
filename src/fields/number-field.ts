import { applyDecorators } from '@nestjs/common';
import { bodyField } from './body-field.js';
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

function faultsOf(value: unknown, { min, max, mayBeNull }: NumberFieldRules): string[] {
  if (value === undefined) return ['This field is required.'];
  if (value === null) return mayBeNull ? [] : ['This field may not be null.'];
  if (!Number.isInteger(value) || typeof value !== 'number')
    return ['A valid integer is required.'];
  if (value < min) return [`Ensure this value is greater than or equal to ${String(min)}.`];
  if (value > max) return [`Ensure this value is less than or equal to ${String(max)}.`];
  return [];
}

/** A whole number in a request body, between two bounds. */
export function NumberField(rules: NumberFieldRules): PropertyDecorator {
  return applyDecorators(
    describeNumber(rules),
    bodyField('numberField', { read: toNumber, faults: (value) => faultsOf(value, rules) }),
  );
}
