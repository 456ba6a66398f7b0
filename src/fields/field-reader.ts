import type { Type } from '@nestjs/common';
import {
  ValidationTypes,
  getMetadataStorage,
  type MetadataStorage,
  type ValidationArguments,
  type ValidationOptions,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { isFields, type Fields } from '../json-fields.js';
import { isNullMissing, nestedTypeOf, readerOf, type NestedType } from './field-decorators.js';

type Rule = ReturnType<MetadataStorage['getTargetValidationMetadatas']>[number];

/** A fault of one field: its path, as in `messages[0].role`, and the sentence. */
export interface FieldFault {
  readonly path: string;
  readonly sentence: string;
}

/** The given object as a DTO, and its faults in the order of class-validator. A valid object has no faults. */
export interface Reading<T> {
  readonly dto: T;
  readonly faults: readonly FieldFault[];
}

/** The sentence for unknown fields. Without it, unknown fields are ignored. */
export interface ReadOptions {
  readonly unknownField?: string;
}

/** A rule that is ready to run. */
interface Check {
  readonly rule: Rule;
  readonly validate: NonNullable<ValidatorConstraintInterface['validate']>;
  readonly isReportedAlone: boolean;
}

interface Field {
  readonly name: string;
  readonly read: ((value: unknown) => unknown) | undefined;
  readonly isNullMissing: boolean;
  readonly conditions: readonly ((dto: object, value: unknown) => boolean)[];
  readonly checks: readonly Check[];
  readonly nested: { readonly rule: Rule; readonly type: NestedType } | undefined;
}

/** The fields of each class, computed at the first read, because class-validator looks them up for each object. */
const fieldsByClass = new WeakMap<Type<object>, readonly Field[]>();

/**
 * Reads an object into the DTO class and runs each rule of class-validator once for each field, in one pass. Throws
 * if the class has a kind of rule that is not supported here, which is a bug in the class.
 */
export function readFields<T extends object>(
  type: Type<T>,
  given: object,
  options: ReadOptions = {},
): Reading<T> {
  const faults: FieldFault[] = [];
  return { dto: new FieldPass(faults, options).read(type, given, '') as T, faults };
}

class FieldPass {
  constructor(
    private readonly faults: FieldFault[],
    private readonly options: ReadOptions,
  ) {}

  read(type: Type<object>, given: object, path: string): object {
    const fields = fieldsOf(type);
    const dto = new type() as Record<string, unknown>;
    // All fields are read before any is checked, because a rule may use the other fields.
    for (const { name, read, isNullMissing } of fields) {
      const value = (given as Fields)[name];
      if (value === undefined || (value === null && isNullMissing)) continue;
      const parsed = read ? read(value) : value;
      if (parsed !== undefined) dto[name] = parsed;
    }
    if (this.options.unknownField !== undefined) this.refuseUnknown(fields, given, path);
    for (const field of fields) this.check(field, dto, path === '' ? '' : `${path}.`);
    return dto;
  }

  private refuseUnknown(fields: readonly Field[], given: object, path: string): void {
    const { unknownField = '' } = this.options;
    for (const name of Object.keys(given)) {
      if (fields.some((field) => field.name === name)) continue;
      this.addFault(path === '' ? name : `${path}.${name}`, unknownField);
    }
  }

  private check(
    { name, conditions, checks, nested }: Field,
    dto: Record<string, unknown>,
    prefix: string,
  ): void {
    const value = dto[name];
    for (const applies of conditions) if (!applies(dto, value)) return;
    let isValid = true;
    for (const { rule, validate, isReportedAlone } of checks) {
      const args = argumentsOf(rule, dto, value);
      if (validate(value, args) === true) continue;
      isValid = false;
      this.addFault(prefix + name, sentenceOf(rule, args));
      if (isReportedAlone) return;
    }
    if (nested && isValid) dto[name] = this.readNested(nested, dto, value, prefix + name);
  }

  /** Reads the children of a valid value: one object, or the objects of a list or a map. */
  private readNested(
    { rule, type }: NonNullable<Field['nested']>,
    dto: Record<string, unknown>,
    value: unknown,
    path: string,
  ): unknown {
    const child = (given: unknown, place: string) => {
      if (isFields(given)) return this.read(type(given), given, place);
      this.addFault(place, sentenceOf(rule, argumentsOf(rule, dto, given)));
      return given;
    };
    if (!rule.each) return child(value, path);
    if (value instanceof Map) {
      const entries = [...(value as Map<string, unknown>)];
      return new Map(entries.map(([key, one]) => [key, child(one, `${path}.${key}`)]));
    }
    if (!Array.isArray(value)) return child(undefined, path);
    return value.map((one: unknown, index) => child(one, `${path}[${String(index)}]`));
  }

  private addFault(path: string, sentence: string): void {
    this.faults.push({ path, sentence });
  }
}

function argumentsOf(rule: Rule, object: object, value: unknown): ValidationArguments {
  const { propertyName: property, constraints } = rule;
  return { value, object, property, constraints, targetName: object.constructor.name };
}

function sentenceOf({ message }: Rule, args: ValidationArguments): string {
  return typeof message === 'function' ? message(args) : message;
}

function fieldsOf(type: Type<object>): readonly Field[] {
  let fields = fieldsByClass.get(type);
  if (!fields) {
    fields = compile(type);
    fieldsByClass.set(type, fields);
  }
  return fields;
}

function compile(type: Type<object>): Field[] {
  const storage = getMetadataStorage();
  const rules = storage.getTargetValidationMetadatas(type, type.name, false, false);
  return Object.entries(storage.groupByPropertyName(rules)).map(([name, own]) => {
    const ofType = (wanted: string) => own.filter((rule) => rule.type === wanted);
    const nestedType = nestedTypeOf(type, name);
    const [nested] = ofType(ValidationTypes.NESTED_VALIDATION);
    if ((nested === undefined) !== (nestedType === undefined)) {
      throw new Error(`${type.name}.${name}: say @Nested, which names the class`);
    }
    for (const rule of own) assertSupported(rule);
    return {
      name,
      read: readerOf(type, name),
      isNullMissing: isNullMissing(type, name),
      conditions: ofType(ValidationTypes.CONDITIONAL_VALIDATION).map(
        ({ constraints }) => constraints[0] as Field['conditions'][number],
      ),
      // The same order as class-validator: the check for presence comes first.
      checks: [
        ...ofType(ValidationTypes.IS_DEFINED),
        ...ofType(ValidationTypes.CUSTOM_VALIDATION),
      ].map(toCheck),
      nested: nested && nestedType && { rule: nested, type: nestedType },
    };
  });
}

const SUPPORTED: readonly string[] = [
  ValidationTypes.CONDITIONAL_VALIDATION,
  ValidationTypes.IS_DEFINED,
  ValidationTypes.CUSTOM_VALIDATION,
  ValidationTypes.NESTED_VALIDATION,
];

function assertSupported(rule: Rule): void {
  const { type, each, validateIf, message, propertyName } = rule as Rule & ValidationOptions;
  const isNested = type === ValidationTypes.NESTED_VALIDATION;
  const isSilent = type !== ValidationTypes.CONDITIONAL_VALIDATION && !message;
  if (SUPPORTED.includes(type) && (isNested || !each) && !validateIf && !isSilent) return;
  throw new Error(
    `rule ${rule.name ?? type} of ${propertyName}: not read here, or has no sentence`,
  );
}

function toCheck(rule: Rule): Check {
  const [constraint, ...others] = getMetadataStorage().getTargetValidatorConstraints(
    rule.constraintCls,
  );
  if (!constraint || constraint.async || others.length > 0) {
    throw new Error(
      `rule ${rule.name ?? ''} of ${rule.propertyName}: one check that answers at once`,
    );
  }
  const { instance } = constraint;
  const context = rule.context as { isReportedAlone?: boolean } | undefined;
  return {
    rule,
    validate: instance.validate.bind(instance),
    isReportedAlone: context?.isReportedAlone === true,
  };
}
