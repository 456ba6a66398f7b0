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
import { isFields, readFields, type FieldFault } from './field-reader.js';

type Fields = Record<string, string[]>;

/** What a JSON value is called in Python, whose words the contract keeps. */
function pythonType(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'int' : 'float';
}

/** The body as an object, or the reference's sentence for what it is instead. */
function asFields(value: unknown): object {
  if (isFields(value)) return value;
  const message =
    value === null
      ? 'No data provided'
      : `Invalid data. Expected a dictionary, but got ${pythonType(value)}.`;
  throw new ValidationFailed({ non_field_errors: [message] });
}

/** The sentences of each field, in the order of the fields. */
export function byField(faults: readonly FieldFault[]): Fields {
  const fields: Fields = {};
  for (const { path, sentence } of faults) (fields[path] ??= []).push(sentence);
  return fields;
}

/** A file that no field asks for is refused too: who sent it would think that it was read. */
function alsoFiles(given: object, errors: Fields): Fields {
  for (const [name, value] of Object.entries(given)) {
    if (value instanceof FormFile) errors[name] ??= ['A file is not taken here. Send text.'];
  }
  return errors;
}

/**
 * The body of a handler: bytes, to a value, to a DTO whose rules hold. Runs after the guard, so that a
 * caller without credentials hears 401 before anything of the body is looked at. Throws `ParseError`,
 * `UnsupportedMediaType` or `ValidationFailed` with all fields at once.
 */
@Injectable()
export class BodyPipe implements PipeTransform<RawBody | undefined, Promise<object>> {
  async transform(raw: RawBody | undefined, { metatype }: ArgumentMetadata): Promise<object> {
    const fields = asFields(raw instanceof RawBody ? await decodeBody(raw) : {});
    const { dto, faults } = readFields(this.typeFor(fields, metatype as Type<object>), fields);
    const errors = alsoFiles(fields, byField(faults));
    const failed = await this.alsoCheck(dto, errors);
    if (Object.keys(failed).length > 0) throw new ValidationFailed(failed);
    return dto;
  }

  /** For a route that reads bodies of several classes: which one this is. */
  protected typeFor(_fields: object, metatype: Type<object>): Type<object> {
    return metatype;
  }

  /** For a rule that needs the database: adds to what the fields alone showed. */
  protected alsoCheck(_dto: object, errors: Fields): Fields | Promise<Fields> {
    return errors;
  }
}

/** The request's body as the DTO that the parameter is typed with. */
export const Payload = (): ParameterDecorator => Body(BodyPipe);
