import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Min, ValidateBy } from 'class-validator';
import { ShownInteger, ShownText } from '../fields/field-docs.js';
import { inputFault } from './embedding-inputs.js';

/** OpenAI's limit. */
const INPUTS_MAX = 2048;

const FORMS = ['float', 'base64'];
const tokens = { type: 'array' as const, minItems: 1, items: { type: 'integer', minimum: 0 } };
const wholeNumber = { message: 'Invalid type: expected a whole number of 1 or more.' };

/** The fields of a request, with OpenAI's types. Other fields are ignored. */
export class EmbeddingsDto {
  @ApiProperty({
    type: 'string',
    description: 'Who is to make them: any model but `echo`.',
    examples: ['text-embedding-3-small'],
  })
  @IsString({ message: 'Missing or invalid: expected the name of a model.' })
  model!: string;

  @ApiProperty({
    oneOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', minItems: 1, maxItems: INPUTS_MAX, items: { type: 'string', minLength: 1 } },
      tokens,
      { type: 'array', minItems: 1, maxItems: INPUTS_MAX, items: tokens },
    ],
    description: 'One text or many, or the model tokens of one or of many.',
  })
  @ValidateBy(
    {
      name: 'input',
      validator: { validate: (value) => inputFault(value, INPUTS_MAX) === undefined },
    },
    { message: ({ value }) => inputFault(value, INPUTS_MAX) ?? '' },
  )
  input!: unknown;

  @ApiProperty({
    type: 'string',
    enum: [...FORMS, null],
    required: false,
    nullable: true,
    description: 'Numbers, or 32-bit floats in base64. Without it, numbers.',
  })
  @IsOptional()
  @IsIn(FORMS, { message: 'Invalid value: expected float or base64.' })
  encoding_format?: 'float' | 'base64' | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    required: false,
    nullable: true,
    description: 'How many numbers each has, where the model can be told; passed on.',
  })
  @IsOptional()
  @IsInt(wholeNumber)
  @Min(1, wholeNumber)
  dimensions?: number | null;

  @ApiProperty({
    type: 'string',
    required: false,
    nullable: true,
    description: 'Who asks, for the provider to tell abuse by; passed on.',
  })
  @IsOptional()
  @IsString({ message: 'Invalid type: expected a string.' })
  user?: string | null;
}

/** One embedding. */
export class EmbeddingDto {
  @ShownText('Always `embedding`.', { enum: ['embedding'] })
  readonly object!: string;

  @ShownInteger('The place of its input, from 0.')
  readonly index!: number;

  @ApiProperty({
    oneOf: [{ type: 'array', items: { type: 'number' } }, { type: 'string' }],
    description: 'Numbers, or the same in base64, as was asked for.',
  })
  readonly embedding!: readonly number[] | string;
}

/** The model tokens that were charged. */
export class EmbeddingsUsageDto {
  @ShownInteger('Of all inputs.')
  readonly prompt_tokens!: number;

  @ShownInteger('The same.')
  readonly total_tokens!: number;
}

/** The list of all embeddings. */
export class EmbeddingListDto {
  @ShownText('Always `list`.', { enum: ['list'] })
  readonly object!: string;

  @ApiProperty({ type: [EmbeddingDto], description: 'One for each input, in their order.' })
  readonly data!: EmbeddingDto[];

  @ShownText('The model that made them.', { examples: ['text-embedding-3-small'] })
  readonly model!: string;

  @ApiProperty({ type: EmbeddingsUsageDto, description: 'What was used.' })
  readonly usage!: EmbeddingsUsageDto;
}
