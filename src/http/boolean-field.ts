import { applyDecorators } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
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

function messageFor(value: unknown, isOptional: boolean): string | undefined {
  if (value === undefined) return isOptional ? undefined : 'This field is required.';
  if (value === null) return 'This field may not be null.';
  return typeof value === 'boolean' ? undefined : 'Must be a valid boolean.';
}

/** A truth value in a request body; the sentences are Django REST framework's. */
export function BooleanField({
  optional = false,
  docs,
}: BooleanFieldRules = {}): PropertyDecorator {
  return applyDecorators(
    describeBoolean({ optional, docs }),
    Expose(),
    Transform(({ value }: { value: unknown }) => WORDS.get(value) ?? value),
    ValidateBy({
      name: 'booleanField',
      validator: {
        validate: (value: unknown) => messageFor(value, optional) === undefined,
        defaultMessage: (args?: ValidationArguments) => messageFor(args?.value, optional) ?? '',
      },
    }),
  );
}
