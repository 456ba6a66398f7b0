import { applyDecorators, type Type } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';

/** How a field of a request body is read, and what is wrong with it. */
export interface FieldRules {
  /** What the client's value stands for; what stands for nothing stays as it came. */
  readonly read: (value: unknown) => unknown;
  /** Every sentence about a value that was read, in order; none when it serves. */
  readonly faults: (value: unknown) => readonly string[];
}

/** Joins several sentences into class-validator's one message for each rule; never part of a sentence. */
export const MESSAGE_SEPARATOR = '\u0000';

/** The fields that each class declares itself, by its prototype. */
const declared = new Map<object, Map<string, FieldRules>>();
/** The same with those that it inherits, put together at its first use. */
const complete = new Map<Type<object>, [name: string, rules: FieldRules][]>();

/** A field of a request body, for class-transformer, class-validator and `readSound` alike. */
export function bodyField(name: string, rules: FieldRules): PropertyDecorator {
  const { read, faults } = rules;
  return applyDecorators(
    (target: object, property: string | symbol) => {
      const fields = declared.get(target) ?? new Map<string, FieldRules>();
      declared.set(target, fields.set(String(property), rules));
    },
    Expose(),
    Transform(({ value }: { value: unknown }) => read(value)),
    ValidateBy({
      name,
      validator: {
        validate: (value: unknown) => faults(value).length === 0,
        defaultMessage: (args?: ValidationArguments) => faults(args?.value).join(MESSAGE_SEPARATOR),
      },
    }),
  );
}

/**
 * The DTO where every field serves, and undefined otherwise: class-transformer and class-validator then tell
 * what is wrong. They look up their rules anew for each body, a tenth of what a chat costs.
 */
export function readSound(type: Type<object>, given: object): object | undefined {
  const dto = new type() as Record<string, unknown>;
  for (const [name, { read, faults }] of fieldsOf(type)) {
    const value = read((given as Record<string, unknown>)[name]);
    if (faults(value).length > 0) return undefined;
    dto[name] = value;
  }
  return dto;
}

function fieldsOf(type: Type<object>): [name: string, rules: FieldRules][] {
  let fields = complete.get(type);
  if (!fields) {
    fields = [...fieldsUpTo(type.prototype as object)];
    complete.set(type, fields);
  }
  return fields;
}

function fieldsUpTo(prototype: object | null): Map<string, FieldRules> {
  if (prototype === null) return new Map();
  const inherited = fieldsUpTo(Object.getPrototypeOf(prototype) as object | null);
  return new Map([...inherited, ...(declared.get(prototype) ?? [])]);
}
