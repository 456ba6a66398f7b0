import 'reflect-metadata';
import { applyDecorators, type Type } from '@nestjs/common';
import { IsDefined, ValidateIf, ValidateNested, type ValidationArguments } from 'class-validator';

/** The class that a nested object is read into; it may depend on what was given. */
export type NestedType = (given: Readonly<Record<string, unknown>>) => Type<object>;

const READER = Symbol('reader of a field');
const NESTED = Symbol('class of a nested field');
const NULL_IS_NOTHING = Symbol('null leaves the field out');

/** The options of a rule whose sentence stands alone: where it fails, those after it are not looked at. */
export const ALONE = { context: { standsAlone: true } } as const;

/** How a given value is understood before it is checked; what cannot be understood stays as it came. */
export const Reads = (read: (value: unknown) => unknown): PropertyDecorator =>
  Reflect.metadata(READER, read);

/** An object, or with `each` a list or map of objects, each read into the class and checked by its rules. */
export const Nested = (
  type: NestedType,
  options: { each?: boolean; message: string | ((args: ValidationArguments) => string) },
): PropertyDecorator => applyDecorators(Reflect.metadata(NESTED, type), ValidateNested(options));

const presence = ({ value }: ValidationArguments) =>
  value === undefined ? 'This field is required.' : 'This field may not be null.';

/**
 * Whether a field may be left out, or be null; the sentences are Django REST framework's. Where null means
 * nothing, it leaves the field out: many clients write it for each field that they do not set.
 */
export const Present = ({
  optional = false,
  mayBeNull = false,
}: {
  readonly optional?: boolean | undefined;
  readonly mayBeNull?: boolean | undefined;
}): PropertyDecorator =>
  applyDecorators(
    Reflect.metadata(NULL_IS_NOTHING, optional && !mayBeNull),
    ValidateIf((_, value) => !(optional && value === undefined) && !(mayBeNull && value === null)),
    IsDefined({ message: presence, ...ALONE }),
  );

/** What `Reads` says of a field; undefined where it is taken as it comes. */
export function readerOf(
  type: Type<object>,
  field: string,
): ((value: unknown) => unknown) | undefined {
  return Reflect.getMetadata(READER, type.prototype as object, field) as ReturnType<
    typeof readerOf
  >;
}

/** Whether null leaves the field out, by what `Present` says of it. */
export function isNullNothing(type: Type<object>, field: string): boolean {
  return Reflect.getMetadata(NULL_IS_NOTHING, type.prototype as object, field) === true;
}

/** What `Nested` says of a field. */
export function nestedTypeOf(type: Type<object>, field: string): NestedType | undefined {
  return Reflect.getMetadata(NESTED, type.prototype as object, field) as NestedType | undefined;
}
