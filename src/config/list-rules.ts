import { ValidateBy } from 'class-validator';

/** A list whose every item passes, without one that comes twice; `min` items at least. */
export const ListOf = (
  isItem: (item: unknown) => boolean,
  message: string,
  min = 0,
): PropertyDecorator =>
  ValidateBy(
    {
      name: 'listOf',
      validator: {
        validate: (list: unknown) =>
          Array.isArray(list) &&
          list.length >= min &&
          list.every(isItem) &&
          new Set(list).size === list.length,
      },
    },
    { message },
  );
