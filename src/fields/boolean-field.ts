import { applyDecorators } from '@nestjs/common';
import { IsBoolean } from 'class-validator';
import { Present, Reads } from './field-decorators.js';
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

/** A truth value in a request body; the sentences are Django REST framework's. */
export function BooleanField({
  optional = false,
  docs,
}: BooleanFieldRules = {}): PropertyDecorator {
  return applyDecorators(
    describeBoolean({ optional, docs }),
    Reads((value) => WORDS.get(value) ?? value),
    Present({ optional }),
    IsBoolean({ message: 'Must be a valid boolean.' }),
  );
}
