import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Min,
  ValidateBy,
} from 'class-validator';
import { isFields } from '../fields/field-reader.js';

const anyObject = { type: 'object' as const, additionalProperties: true };
const TRUNCATIONS = ['auto', 'disabled'];
const METADATA = { pairsMax: 16, keyMaxChars: 64, textMaxChars: 512 };

/** A field that may be left out or be null. */
const Optional =
  (schema: ApiPropertyOptions): PropertyDecorator =>
  (target, name) => {
    ApiProperty({ ...schema, required: false, nullable: true } as ApiPropertyOptions)(target, name);
    IsOptional()(target, name);
  };

const isText = { message: 'Invalid type: expected a string.' };
const isTruth = { message: 'Invalid type: expected a boolean.' };
const isNumber = { message: 'Invalid type: expected a number.' };
const isWhole = { message: 'Invalid type: expected a whole number of 1 or more.' };

const Holds = (name: string, validate: (value: unknown) => boolean, message: string) =>
  ValidateBy({ name, validator: { validate } }, { message });

/** Whether a value is pairs of texts within OpenAI's limits for number and length. */
function isMetadata(value: unknown): boolean {
  if (!isFields(value)) return false;
  const pairs = Object.entries(value);
  return (
    pairs.length <= METADATA.pairsMax &&
    pairs.every(
      ([key, text]) =>
        key.length <= METADATA.keyMaxChars &&
        typeof text === 'string' &&
        text.length <= METADATA.textMaxChars,
    )
  );
}

const expectObject = 'Invalid type: expected an object.';

/** A request for a response, with OpenAI's types. Unknown fields are ignored. */
export class ResponseBodyDto {
  @ApiProperty({ type: 'string', description: 'Who is to answer.', examples: ['echo'] })
  @IsString({ message: 'Missing or invalid: expected the name of a model.' })
  model!: string;

  @Optional({
    oneOf: [{ type: 'string' }, { type: 'array', items: anyObject }, { type: 'null' }],
    description:
      'Text, or items: messages, calls of functions and their outputs, reasoning, references to items of earlier responses. Kinds that only OpenAI runs are left out. Needed without `previous_response_id`.',
    examples: ['Hello, how does this work?'],
  })
  input?: unknown;

  @Optional({ type: 'string', description: 'What the model is told first, for this response.' })
  @IsString(isText)
  instructions?: string | null;

  @Optional({
    type: 'string',
    description: 'The response to go on with: the model is told what was said up to there.',
  })
  @IsString(isText)
  previous_response_id?: string | null;

  @Optional({ type: 'boolean', description: 'Answer as server-sent events.' })
  @IsBoolean(isTruth)
  stream?: boolean | null;

  @Optional({ type: 'boolean', description: 'False: nothing of it is kept but the charge.' })
  @IsBoolean(isTruth)
  store?: boolean | null;

  @Optional({
    type: 'array',
    items: anyObject,
    description:
      'Functions, and custom tools, which the model sees as functions of one text. Other kinds are left out, with a note in `metadata`.',
  })
  tools?: unknown;

  @Optional({ oneOf: [{ type: 'string' }, anyObject], description: 'Which of them to call.' })
  tool_choice?: unknown;

  @Optional({ type: 'boolean', description: 'Whether several may be called at once.' })
  @IsBoolean(isTruth)
  parallel_tool_calls?: boolean | null;

  @Optional({
    ...anyObject,
    description: '`format`: text, JSON, or JSON of a schema; `verbosity`.',
  })
  @Holds('text', isFields, expectObject)
  text?: Readonly<Record<string, unknown>> | null;

  @Optional({ ...anyObject, description: '`effort`: how much the model thinks.' })
  @Holds('reasoning', isFields, expectObject)
  reasoning?: Readonly<Record<string, unknown>> | null;

  @Optional({ type: 'integer', minimum: 1, description: 'The longest answer, in model tokens.' })
  @IsInt(isWhole)
  @Min(1, isWhole)
  max_output_tokens?: number | null;

  @Optional({ type: 'integer', minimum: 1, description: 'Repeated in the answer, and ignored.' })
  @IsInt(isWhole)
  @Min(1, isWhole)
  max_tool_calls?: number | null;

  @Optional({ type: 'number', description: 'How much chance there is in the words.' })
  @IsNumber({}, isNumber)
  temperature?: number | null;

  @Optional({ type: 'number', description: 'How much of the likely words is looked at.' })
  @IsNumber({}, isNumber)
  top_p?: number | null;

  @Optional({ type: 'number', description: 'Against words that were there before.' })
  @IsNumber({}, isNumber)
  presence_penalty?: number | null;

  @Optional({ type: 'number', description: 'Against words that were there often.' })
  @IsNumber({}, isNumber)
  frequency_penalty?: number | null;

  @Optional({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: METADATA.textMaxChars },
    maxProperties: METADATA.pairsMax,
    description: 'Notes of the caller, repeated in the answer.',
  })
  @Holds(
    'metadata',
    isMetadata,
    'Invalid value: expected at most 16 pairs of a key of 64 characters and a string of 512.',
  )
  metadata?: Readonly<Record<string, string>> | null;

  @Optional({
    type: 'string',
    enum: [...TRUNCATIONS, null],
    description: '`auto`: leave the oldest turns out where all of them are too long.',
  })
  @IsIn(TRUNCATIONS, { message: 'Invalid value: expected auto or disabled.' })
  truncation?: string | null;

  @Optional({ type: 'string', description: 'Who asks, for the provider to tell abuse by.' })
  @IsString(isText)
  user?: string | null;

  @Optional({ type: 'string', description: 'Repeated in the answer, and ignored.' })
  @IsString(isText)
  safety_identifier?: string | null;

  @Optional({ type: 'string', description: 'Repeated in the answer, and ignored.' })
  @IsString(isText)
  prompt_cache_key?: string | null;

  @Optional({ type: 'boolean', enum: [false, null], description: 'Not done here: 400 for `true`.' })
  @IsIn([false], { message: 'Responses are not made in the background: leave it out.' })
  background?: boolean | null;

  @Optional({ type: 'null', description: 'Not done here: 400 for any.' })
  @IsIn([null], { message: 'Not taken here: name the previous_response_id to go on with.' })
  conversation?: null;
}
