import 'reflect-metadata';
import { applyDecorators, type Type } from '@nestjs/common';
import { IsDefined, ValidateIf, ValidateNested, type ValidationArguments } from 'class-validator';

/** Returns the class of a nested object. It may depend on the given value. */
export type NestedType = (given: Readonly<Record<string, unknown>>) => Type<object>;

const READER = Symbol('reader of a field');
const NESTED = Symbol('class of a nested field');
const NULL_IS_MISSING = Symbol('null leaves the field out');

/** Options of a rule whose error is reported alone. If it fails, later rules are not checked. */
export const REPORTED_ALONE = { context: { isReportedAlone: true } } as const;

/** Sets how a value is read before it is checked. A value that cannot be read stays unchanged. */
export const ReadWith = (read: (value: unknown) => unknown): PropertyDecorator =>
  Reflect.metadata(READER, read);

/**
 * A nested object. With `each`, a list or map of objects. Each object is read into the class and checked by its
 * rules.
 */
export const Nested = (
  type: NestedType,
  options: { each?: boolean; message: string | ((args: ValidationArguments) => string) },
): PropertyDecorator => applyDecorators(Reflect.metadata(NESTED, type), ValidateNested(options));

const presenceMessage = ({ value }: ValidationArguments) =>
  value === undefined ? 'This field is required.' : 'This field may not be null.';

/**
 * Sets whether a field is optional, and whether it may be null. The sentences are Django REST framework's. If an
 * optional field may not be null, null counts as missing, because many clients send null for each field that they
 * do not set.
 */
export const Presence = ({
  optional = false,
  mayBeNull = false,
}: {
  readonly optional?: boolean | undefined;
  readonly mayBeNull?: boolean | undefined;
}): PropertyDecorator =>
  applyDecorators(
    Reflect.metadata(NULL_IS_MISSING, optional && !mayBeNull),
    ValidateIf((_, value) => !(optional && value === undefined) && !(mayBeNull && value === null)),
    IsDefined({ message: presenceMessage, ...REPORTED_ALONE }),
  );

/** Returns the reader that `ReadWith` set for a field. Returns undefined if the field has none. */
export function readerOf(
  type: Type<object>,
  field: string,
): ((value: unknown) => unknown) | undefined {
  return Reflect.getMetadata(READER, type.prototype as object, field) as ReturnType<
    typeof readerOf
  >;
}

/** Checks whether null counts as missing, as set by `Presence`. */
export function isNullMissing(type: Type<object>, field: string): boolean {
  return Reflect.getMetadata(NULL_IS_MISSING, type.prototype as object, field) === true;
}

/** Returns the class that `Nested` set for a field. */
export function nestedTypeOf(type: Type<object>, field: string): NestedType | undefined {
  return Reflect.getMetadata(NESTED, type.prototype as object, field) as NestedType | undefined;
}
