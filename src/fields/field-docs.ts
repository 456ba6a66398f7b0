import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

/** The documentation of a request field. Its limits come from the validation rules. */
export interface FieldDocs {
  readonly description: string;
  readonly examples?: readonly (string | number)[];
  readonly format?: string;
  /** For rules that are checked elsewhere. The limits of the field's own rules are known. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** The name of the setting that holds the limit, if there is one. */
  readonly maxLengthSetting?: string;
}

/** The key under which a schema names the setting of its `maxLength`, until the document is built. */
export const MAX_LENGTH_SETTING = 'x-max-length-setting';

const PLACEHOLDER: FieldDocs = { description: '' };

interface TextRules {
  readonly optional?: boolean;
  readonly mayBeBlank?: boolean;
  readonly mayBeNull?: boolean;
  readonly maxCodePoints?: number;
  readonly docs?: FieldDocs;
}

/** Adds a text field to the document. JSON Schema counts code points, like the rules. */
export function describeText({ docs = PLACEHOLDER, ...rules }: TextRules): PropertyDecorator {
  const { maxLengthSetting, examples, minLength = rules.mayBeBlank ? 0 : 1, ...described } = docs;
  return ApiProperty({
    type: 'string',
    required: !rules.optional,
    ...(rules.mayBeNull && { nullable: true }),
    ...(minLength > 0 && { minLength }),
    ...(rules.maxCodePoints !== undefined && { maxLength: rules.maxCodePoints }),
    ...(maxLengthSetting && { [MAX_LENGTH_SETTING]: maxLengthSetting }),
    ...(examples && { examples: [...examples] }),
    ...described,
  });
}

/** Adds an integer of a request to the document. */
export function describeNumber(rules: {
  readonly min: number;
  readonly max: number;
  readonly mayBeNull?: boolean;
  readonly optional?: boolean;
  readonly docs?: Pick<FieldDocs, 'description' | 'examples'>;
}): PropertyDecorator {
  const { description, examples } = rules.docs ?? PLACEHOLDER;
  return ApiProperty({
    type: 'integer',
    minimum: rules.min,
    maximum: rules.max,
    nullable: rules.mayBeNull ?? false,
    ...(rules.optional && { required: false }),
    description,
    ...(examples && { examples: [...examples] }),
  });
}

/** Adds a boolean of a request to the document. */
export function describeBoolean(rules: {
  readonly optional: boolean;
  readonly docs: Pick<FieldDocs, 'description'> | undefined;
}): PropertyDecorator {
  const { description } = rules.docs ?? PLACEHOLDER;
  return ApiProperty({ type: 'boolean', required: !rules.optional, description });
}

/** Documents a boolean in a response. */
export const OutputBoolean = (description: string): PropertyDecorator =>
  ApiProperty({ type: 'boolean', description });

/** Documents an integer in a response. Its minimum is 0 unless `min` is given. */
export const OutputInteger = (
  description: string,
  { min = 0, ...rest }: { min?: number; examples?: number[]; nullable?: boolean } = {},
): PropertyDecorator => ApiProperty({ type: 'integer', minimum: min, description, ...rest });

/** Documents a text in a response. */
export const OutputText = (
  description: string,
  rest: Pick<ApiPropertyOptions, 'pattern' | 'enum' | 'format' | 'nullable'> & {
    examples?: string[];
    required?: boolean;
  } = {},
): PropertyDecorator => ApiProperty({ type: 'string', description, ...rest });

const EXAMPLE_ID = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';

/** Documents an id in a response. */
export const OutputId = (description: string, rest: { nullable?: boolean } = {}) =>
  OutputText(description, { format: 'uuid', examples: [EXAMPLE_ID], ...rest });

/** Documents a time in a response. */
export const OutputTime = (description: string, rest: { nullable?: boolean } = {}) =>
  OutputText(`${description} ISO 8601 in UTC, with microseconds.`, {
    format: 'date-time',
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$',
    examples: ['2025-08-19T00:48:00.123456Z'],
    ...rest,
  });
