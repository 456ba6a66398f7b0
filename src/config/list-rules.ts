import { ValidateBy } from 'class-validator';

/** The items must be unique. */
const isListOf = (isItem: (item: unknown) => boolean, min: number, list: unknown) =>
  Array.isArray(list) &&
  list.length >= min &&
  list.every(isItem) &&
  new Set(list).size === list.length;

const rule = (validate: (value: unknown) => boolean, message: string): PropertyDecorator =>
  ValidateBy({ name: 'listOf', validator: { validate } }, { message });

/** Validates a list of at least `min` unique items that all pass `isItem`. */
export const ListOf = (isItem: (item: unknown) => boolean, message: string, min = 0) =>
  rule((list) => isListOf(isItem, min, list), message);

/** Validates one item, or a list of unique items. */
export const OneOrMore = (isItem: (item: unknown) => boolean, message: string) =>
  rule((value) => isItem(value) || isListOf(isItem, 1, value), message);
