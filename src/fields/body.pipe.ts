import {
  Body,
  Injectable,
  type ArgumentMetadata,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { ValidationFailed } from '../errors.js';
import { RawBody, decodeBody } from '../drf/decode-body.js';
import { FormFile } from '../drf/multipart.js';
import { isFields } from '../json-fields.js';
import { readFields, type FieldFault } from './field-reader.js';

type Fields = Record<string, string[]>;

/** Returns Python's name of a JSON type. The contract keeps Python's sentences. */
function pythonType(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'int' : 'float';
}

/** Returns the body as an object. Throws the reference's sentence for any other value. */
function requireObject(value: unknown): object {
  if (isFields(value)) return value;
  const message =
    value === null
      ? 'No data provided'
      : `Invalid data. Expected a dictionary, but got ${pythonType(value)}.`;
  throw new ValidationFailed({ non_field_errors: [message] });
}

/** Returns the sentences of each field, in the order of the fields. */
export function groupByField(faults: readonly FieldFault[]): Fields {
  const fields: Fields = {};
  for (const { path, sentence } of faults) (fields[path] ??= []).push(sentence);
  return fields;
}

/** Adds an error for each file, even in an unknown field. Otherwise the caller would think that the file was read. */
function withFileErrors(given: object, errors: Fields): Fields {
  for (const [name, value] of Object.entries(given)) {
    if (value instanceof FormFile) errors[name] ??= ['A file is not taken here. Send text.'];
  }
  return errors;
}

/**
 * Decodes a handler's body to a DTO and checks its rules. It runs after the guard, so a caller without credentials
 * gets 401 before the body is read. Throws `ParseError`, `UnsupportedMediaType`, or `ValidationFailed` with all
 * fields at once.
 */
@Injectable()
export class BodyPipe implements PipeTransform<RawBody | undefined, Promise<object>> {
  async transform(raw: RawBody | undefined, { metatype }: ArgumentMetadata): Promise<object> {
    const fields = requireObject(raw instanceof RawBody ? await decodeBody(raw) : {});
    const { dto, faults } = readFields(this.typeFor(fields, metatype as Type<object>), fields);
    const errors = withFileErrors(fields, groupByField(faults));
    const failed = await this.addErrors(dto, errors);
    if (Object.keys(failed).length > 0) throw new ValidationFailed(failed);
    return dto;
  }

  /** Returns the DTO class of a body. Overridden by routes that accept several classes. */
  protected typeFor(_fields: object, metatype: Type<object>): Type<object> {
    return metatype;
  }

  /** Adds errors of rules that need the database. Overridden by routes with such rules. */
  protected addErrors(_dto: object, errors: Fields): Fields | Promise<Fields> {
    return errors;
  }
}

/** Provides the request's body as the DTO of the parameter's type. */
export const Payload = (): ParameterDecorator => Body(BodyPipe);
