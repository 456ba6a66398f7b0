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
import { isFields } from '../json-fields.js';
import {
  EXPECTED_BOOLEAN,
  EXPECTED_OBJECT,
  EXPECTED_STRING,
  EXPECTED_WHOLE_NUMBER,
} from '../fields/openai-sentences.js';

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

const textMessage = { message: EXPECTED_STRING };
const booleanMessage = { message: EXPECTED_BOOLEAN };
const numberMessage = { message: 'Invalid type: expected a number.' };
const wholeNumberMessage = { message: EXPECTED_WHOLE_NUMBER };

const Satisfies = (name: string, validate: (value: unknown) => boolean, message: string) =>
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

/** A request for a response, with OpenAI's types. Unknown fields are ignored. */
export class ResponseBodyDto {
  @ApiProperty({ type: 'string', description: 'The model that answers.', examples: ['echo'] })
  @IsString({ message: 'Missing or invalid: expected the name of a model.' })
  model!: string;

  @Optional({
    oneOf: [{ type: 'string' }, { type: 'array', items: anyObject }, { type: 'null' }],
    description:
      'Text, or items: messages, calls of functions and their outputs, reasoning, references to items of earlier responses. Kinds that only OpenAI supports are left out. Required without `previous_response_id`.',
    examples: ['Hello, how does this work?'],
  })
  input?: unknown;

  @Optional({
    type: 'string',
    description: 'Instructions that the model gets first, only for this response.',
  })
  @IsString(textMessage)
  instructions?: string | null;

  @Optional({
    type: 'string',
    description: 'The response to continue. The model gets the conversation up to this response.',
  })
  @IsString(textMessage)
  previous_response_id?: string | null;

  @Optional({ type: 'boolean', description: 'Stream the answer as server-sent events.' })
  @IsBoolean(booleanMessage)
  stream?: boolean | null;

  @Optional({ type: 'boolean', description: 'False: only the charge is stored.' })
  @IsBoolean(booleanMessage)
  store?: boolean | null;

  @Optional({
    type: 'array',
    items: anyObject,
    description:
      'Functions and custom tools. The model gets a custom tool as a function with one text. Other kinds are left out, and `metadata` lists them.',
  })
  tools?: unknown;

  @Optional({ oneOf: [{ type: 'string' }, anyObject], description: 'Which tool the model calls.' })
  tool_choice?: unknown;

  @Optional({ type: 'boolean', description: 'Whether the model may call several tools at once.' })
  @IsBoolean(booleanMessage)
  parallel_tool_calls?: boolean | null;

  @Optional({
    ...anyObject,
    description:
      '`format`: text, JSON, or JSON with a schema. `verbosity`: how long the answer is.',
  })
  @Satisfies('text', isFields, EXPECTED_OBJECT)
  text?: Readonly<Record<string, unknown>> | null;

  @Optional({ ...anyObject, description: '`effort`: how much the model thinks.' })
  @Satisfies('reasoning', isFields, EXPECTED_OBJECT)
  reasoning?: Readonly<Record<string, unknown>> | null;

  @Optional({
    type: 'integer',
    minimum: 1,
    description: 'The maximum length of the answer, in model tokens.',
  })
  @IsInt(wholeNumberMessage)
  @Min(1, wholeNumberMessage)
  max_output_tokens?: number | null;

  @Optional({ type: 'integer', minimum: 1, description: 'Repeated in the answer, and ignored.' })
  @IsInt(wholeNumberMessage)
  @Min(1, wholeNumberMessage)
  max_tool_calls?: number | null;

  @Optional({ type: 'number', description: 'How random the choice of words is.' })
  @IsNumber({}, numberMessage)
  temperature?: number | null;

  @Optional({
    type: 'number',
    description: 'The share of the most likely words that the model chooses from.',
  })
  @IsNumber({}, numberMessage)
  top_p?: number | null;

  @Optional({ type: 'number', description: 'Makes words that already appeared less likely.' })
  @IsNumber({}, numberMessage)
  presence_penalty?: number | null;

  @Optional({ type: 'number', description: 'Makes words that appeared often less likely.' })
  @IsNumber({}, numberMessage)
  frequency_penalty?: number | null;

  @Optional({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: METADATA.textMaxChars },
    maxProperties: METADATA.pairsMax,
    description: 'Notes of the caller, repeated in the answer.',
  })
  @Satisfies(
    'metadata',
    isMetadata,
    'Invalid value: expected at most 16 pairs of a key of 64 characters and a string of 512.',
  )
  metadata?: Readonly<Record<string, string>> | null;

  @Optional({
    type: 'string',
    enum: [...TRUNCATIONS, null],
    description:
      '`auto`: leaves out the oldest turns if the conversation is too long for the model.',
  })
  @IsIn(TRUNCATIONS, { message: 'Invalid value: expected auto or disabled.' })
  truncation?: string | null;

  @Optional({
    type: 'string',
    description: 'An id of the end user, with which the provider can detect abuse.',
  })
  @IsString(textMessage)
  user?: string | null;

  @Optional({ type: 'string', description: 'Repeated in the answer, and ignored.' })
  @IsString(textMessage)
  safety_identifier?: string | null;

  @Optional({ type: 'string', description: 'Repeated in the answer, and ignored.' })
  @IsString(textMessage)
  prompt_cache_key?: string | null;

  @Optional({
    type: 'boolean',
    enum: [false, null],
    description: 'Not supported. `true` gets 400.',
  })
  @IsIn([false], { message: 'Responses are not made in the background: leave it out.' })
  background?: boolean | null;

  @Optional({ type: 'null', description: 'Not supported. Any value gets 400.' })
  @IsIn([null], { message: 'Not taken here: name the previous_response_id to go on with.' })
  conversation?: null;
}
