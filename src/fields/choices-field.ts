import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { notAChoice } from '../shown-text.js';
import { REPORTED_ALONE, Presence, ReadWith } from './field-decorators.js';

export interface ChoicesFieldRules {
  readonly choices: readonly string[];
  readonly description: string;
}

/** Splits a text at spaces or commas, because a form has no lists. */
const toList = (value: unknown): unknown =>
  typeof value === 'string' ? value.split(/[\s,]+/).filter((word) => word !== '') : value;

/** Returns a wrong item as it was sent. The text of an object may depend on its fields, and could not be made then. */
const itemText = (item: unknown): string =>
  typeof item === 'string' ? item : JSON.stringify(item);

/** A list of one or more of the given words in a request body. The field is optional. */
export function ChoicesField({ choices, description }: ChoicesFieldRules): PropertyDecorator {
  const unknownItem = (value: unknown) =>
    (value as unknown[]).find((one) => !(choices as readonly unknown[]).includes(one));
  const rule = (
    name: string,
    test: (value: unknown) => boolean,
    message: string | ((args: ValidationArguments) => string),
  ) => ValidateBy({ name, validator: { validate: test } }, { message, ...REPORTED_ALONE });
  return applyDecorators(
    ApiProperty({
      type: 'array',
      items: { type: 'string', enum: [...choices] },
      minItems: 1,
      required: false,
      nullable: true,
      description,
    }),
    ReadWith(toList),
    Presence({ optional: true, mayBeNull: true }),
    rule('isList', Array.isArray, 'Expected a list of items.'),
    rule('notEmpty', (value) => (value as unknown[]).length > 0, 'This list may not be empty.'),
    rule(
      'choices',
      (value) => unknownItem(value) === undefined,
      ({ value }) => notAChoice(itemText(unknownItem(value))),
    ),
  );
}
