import { applyDecorators } from '@nestjs/common';
import { IsBoolean } from 'class-validator';
import { Presence, ReadWith } from './field-decorators.js';
import { describeBoolean, type FieldDocs } from './field-docs.js';

/** The words of Django REST framework's `BooleanField`, in any case. */
const WORDS = new Map<unknown, boolean>([
  ...['t', 'y', 'yes', 'true', 'on', '1', 1, true].map((word) => [word, true] as const),
  ...['f', 'n', 'no', 'false', 'off', '0', 0, false].map((word) => [word, false] as const),
]);

/** Words for null. A form cannot send null, and sends an empty field for an empty input. */
const NULL_WORDS: readonly unknown[] = ['', 'null'];

function toBoolean(value: unknown, optional: boolean): unknown {
  const number = typeof value === 'bigint' ? Number(value) : value;
  const word = typeof number === 'string' ? number.trim().toLowerCase() : number;
  if (optional && NULL_WORDS.includes(word)) return undefined;
  return WORDS.get(word) ?? value;
}

export interface BooleanFieldRules {
  readonly optional?: boolean;
  readonly docs?: Pick<FieldDocs, 'description'> | undefined;
}

/** A boolean in a request body. The sentences are Django REST framework's. */
export function BooleanField({
  optional = false,
  docs,
}: BooleanFieldRules = {}): PropertyDecorator {
  return applyDecorators(
    describeBoolean({ optional, docs }),
    ReadWith((value) => toBoolean(value, optional)),
    Presence({ optional }),
    IsBoolean({ message: 'Must be a valid boolean.' }),
  );
}
