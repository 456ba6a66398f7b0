import {
  Body,
  Injectable,
  type ArgumentMetadata,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { ValidationFailed } from '../errors.js';
import { RawBody, decodeBody } from '../drf/decode-body.js';
import { MESSAGE_SEPARATOR, readSound } from './body-field.js';

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
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const message =
    value === null
      ? 'No data provided'
      : `Invalid data. Expected a dictionary, but got ${pythonType(value)}.`;
  throw new ValidationFailed({ non_field_errors: [message] });
}

function messages(errors: readonly ValidationError[]): Fields {
  return Object.fromEntries(
    errors.map((error) => [
      error.property,
      Object.values(error.constraints ?? {}).flatMap((text) => text.split(MESSAGE_SEPARATOR)),
    ]),
  );
}

/**
 * The body of a handler: bytes, to a value, to a DTO whose rules hold. Runs after the guard, so that a
 * caller without credentials hears 401 before anything of the body is looked at. Throws `ParseError`,
 * `UnsupportedMediaType` or `ValidationFailed` with all fields at once.
 */
@Injectable()
export class BodyPipe implements PipeTransform<RawBody | undefined, Promise<object>> {
  async transform(raw: RawBody | undefined, { metatype }: ArgumentMetadata): Promise<object> {
    const fields = asFields(raw instanceof RawBody ? decodeBody(raw) : {});
    const type = metatype as Type<object>;
    const sound = readSound(type, fields);
    const dto = sound ?? plainToInstance(type, fields, { excludeExtraneousValues: true });
    const errors = sound ? {} : messages(validateSync(dto, { forbidUnknownValues: false }));
    const failed = await this.alsoCheck(dto, errors);
    if (Object.keys(failed).length > 0) throw new ValidationFailed(failed);
    return dto;
  }

  /** For a rule that needs the database: adds to what the fields alone showed. */
  protected alsoCheck(_dto: object, errors: Fields): Fields | Promise<Fields> {
    return errors;
  }
}

/** The request's body as the DTO that the parameter is typed with. */
export const Payload = (): ParameterDecorator => Body(BodyPipe);
