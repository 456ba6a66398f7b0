import { applyDecorators } from '@nestjs/common';
import { bodyField } from './body-field.js';
import { describeBoolean, type FieldDocs } from './field-docs.js';

const WORDS = new Map<unknown, boolean>([
  [true, true],
  ['true', true],
  [false, false],
  ['false', false],
]);

export interface BooleanFieldRules {
  readonly optional?: boolean;
  readonly docs?: Pick<FieldDocs, 'description'> | undefined;
}

function faultsOf(value: unknown, isOptional: boolean): string[] {
  if (value === undefined) return isOptional ? [] : ['This field is required.'];
  if (value === null) return ['This field may not be null.'];
  return typeof value === 'boolean' ? [] : ['Must be a valid boolean.'];
}

/** A truth value in a request body; the sentences are Django REST framework's. */
export function BooleanField({
  optional = false,
  docs,
}: BooleanFieldRules = {}): PropertyDecorator {
  return applyDecorators(
    describeBoolean({ optional, docs }),
    bodyField('booleanField', {
      read: (value) => WORDS.get(value) ?? value,
      faults: (value) => faultsOf(value, optional),
    }),
  );
}
