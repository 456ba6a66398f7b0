import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Min, ValidateBy } from 'class-validator';
import { OutputInteger, OutputText } from '../fields/field-docs.js';
import { EXPECTED_STRING, EXPECTED_WHOLE_NUMBER } from '../fields/openai-sentences.js';
import { inputFault } from './embedding-inputs.js';

/** OpenAI's limit. */
const INPUTS_MAX = 2048;

const FORMS = ['float', 'base64'];
const tokens = { type: 'array' as const, minItems: 1, items: { type: 'integer', minimum: 0 } };
const wholeNumber = { message: EXPECTED_WHOLE_NUMBER };

/** The fields of a request, with OpenAI's types. Other fields are ignored. */
export class EmbeddingsDto {
  @ApiProperty({
    type: 'string',
    description: 'The model. Any model except `echo`.',
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
    description: 'One or several texts, or the model tokens of one or several texts.',
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
    description: '`float`: numbers, which is the default. `base64`: 32-bit floats in base64.',
  })
  @IsOptional()
  @IsIn(FORMS, { message: 'Invalid value: expected float or base64.' })
  encoding_format?: 'float' | 'base64' | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    required: false,
    nullable: true,
    description: 'How many numbers each embedding has, if the model supports it. Passed on.',
  })
  @IsOptional()
  @IsInt(wholeNumber)
  @Min(1, wholeNumber)
  dimensions?: number | null;

  @ApiProperty({
    type: 'string',
    required: false,
    nullable: true,
    description: 'An id of the end user, with which the provider can detect abuse. Passed on.',
  })
  @IsOptional()
  @IsString({ message: EXPECTED_STRING })
  user?: string | null;
}

/** One embedding. */
export class EmbeddingDto {
  @OutputText('Always `embedding`.', { enum: ['embedding'] })
  readonly object!: string;

  @OutputInteger('The index of its input, from 0.')
  readonly index!: number;

  @ApiProperty({
    oneOf: [{ type: 'array', items: { type: 'number' } }, { type: 'string' }],
    description: 'The numbers, as an array or in base64, as requested.',
  })
  readonly embedding!: readonly number[] | string;
}

/** The model tokens that were charged. */
export class EmbeddingsUsageDto {
  @OutputInteger('Model tokens of all inputs.')
  readonly prompt_tokens!: number;

  @OutputInteger('The same number as `prompt_tokens`.')
  readonly total_tokens!: number;
}

/** The list of all embeddings. */
export class EmbeddingListDto {
  @OutputText('Always `list`.', { enum: ['list'] })
  readonly object!: string;

  @ApiProperty({
    type: [EmbeddingDto],
    description: 'One embedding for each input, in the order of the inputs.',
  })
  readonly data!: EmbeddingDto[];

  @OutputText('The model that created the embeddings.', { examples: ['text-embedding-3-small'] })
  readonly model!: string;

  @ApiProperty({ type: EmbeddingsUsageDto, description: 'The model tokens that were used.' })
  readonly usage!: EmbeddingsUsageDto;
}
