import { ValidateBy } from 'class-validator';

/** Without one that comes twice. */
const isListOf = (isItem: (item: unknown) => boolean, min: number, list: unknown) =>
  Array.isArray(list) &&
  list.length >= min &&
  list.every(isItem) &&
  new Set(list).size === list.length;

const rule = (validate: (value: unknown) => boolean, message: string): PropertyDecorator =>
  ValidateBy({ name: 'listOf', validator: { validate } }, { message });

/** A list whose every item passes; `min` items at least. */
export const ListOf = (isItem: (item: unknown) => boolean, message: string, min = 0) =>
  rule((list) => isListOf(isItem, min, list), message);

/** One item, or a list of them. */
export const OneOrMore = (isItem: (item: unknown) => boolean, message: string) =>
  rule((value) => isItem(value) || isListOf(isItem, 1, value), message);
