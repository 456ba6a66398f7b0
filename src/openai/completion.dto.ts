import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  Equals,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { Nested } from '../fields/field-decorators.js';
import {
  EXPECTED_BOOLEAN,
  EXPECTED_OBJECT,
  EXPECTED_WHOLE_NUMBER,
} from '../fields/openai-sentences.js';
import { PassedOnDto } from './passed-on.dto.js';

const MESSAGES_MAX = 2048;
/** `function` is OpenAI's older name for a tool. */
const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

/**
 * Whether a content is text, or parts that each name their type. Only an answer of the model may have none,
 * if it only called tools.
 */
function isContent(value: unknown, { role }: CompletionMessageDto): boolean {
  if (typeof value === 'string') return true;
  if (value === undefined || value === null) return role === 'assistant';
  return Array.isArray(value) && value.length > 0 && value.every(isPart);
}

function isPart(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  if (typeof value.type !== 'string') return false;
  return value.type !== 'text' || ('text' in value && typeof value.text === 'string');
}

/** A field that may be left out or be null. */
const optional = (type: 'boolean' | 'integer') => ({ type, required: false, nullable: true });

/** One message as OpenAI's clients send it. Other fields of a message are passed on unchanged. */
class CompletionMessageDto {
  @ApiProperty({ type: 'string', enum: ROLES, description: 'The author of the message.' })
  @IsIn(ROLES, { message: `Invalid value: a role is one of ${ROLES.join(', ')}.` })
  role!: string;

  @ApiProperty({
    oneOf: [
      { type: 'string' },
      { type: 'array', minItems: 1, items: { type: 'object', additionalProperties: true } },
      { type: 'null' },
    ],
    required: false,
    description: 'Text or content parts, passed on unchanged. Null if there are only tool calls.',
  })
  @ValidateBy(
    {
      name: 'content',
      validator: {
        validate: (value, args) => isContent(value, args?.object as CompletionMessageDto),
      },
    },
    { message: 'Invalid type: expected a string or an array of content parts.' },
  )
  content?: unknown;
}

/** Decides whether the last chunk of a stream contains the usage. */
export class StreamOptionsDto {
  @ApiProperty({ ...optional('boolean'), description: 'Whether the last chunk has the usage.' })
  @IsOptional()
  @IsBoolean({ message: EXPECTED_BOOLEAN })
  include_usage?: boolean | null;
}

/** What clients of llama.cpp and LM Studio send as the limit of an answer if they want none. */
export const NO_LIMIT = -1;

/** A limit of the answer, in model tokens. */
const Limit =
  (description: string): PropertyDecorator =>
  (target, name) => {
    ApiProperty({
      oneOf: [
        { type: 'integer', minimum: 1 },
        { type: 'integer', enum: [NO_LIMIT] },
        { type: 'null' },
      ],
      required: false,
      description: `${description} -1 means no limit of the caller.`,
    })(target, name);
    IsOptional()(target, name);
    ValidateBy(
      { name: 'limit', validator: { validate: isLimit } },
      { message: EXPECTED_WHOLE_NUMBER },
    )(target, name);
  };

const isLimit = (value: unknown) =>
  value === NO_LIMIT || (Number.isSafeInteger(value) && Number(value) >= 1);

/** The fields that the service uses, with OpenAI's types, and the fields that it passes on. */
export class CompletionDto extends PassedOnDto {
  @ApiProperty({ type: 'string', description: 'The model that answers.', examples: ['echo'] })
  @IsString({ message: 'Missing or invalid: expected the name of a model.' })
  model!: string;

  @ApiProperty({
    type: [CompletionMessageDto],
    minItems: 1,
    maxItems: MESSAGES_MAX,
    description: 'The whole context. The last message of the user is stored in the history.',
  })
  @ArrayMaxSize(MESSAGES_MAX, { message: `Too long: at most ${String(MESSAGES_MAX)} messages.` })
  @ArrayNotEmpty({ message: 'Missing or invalid: expected an array of at least one message.' })
  @IsArray({ message: 'Missing or invalid: expected an array of at least one message.' })
  @Nested(() => CompletionMessageDto, { each: true, message: 'Invalid type: expected messages.' })
  messages!: readonly unknown[];

  @ApiProperty({ ...optional('boolean'), description: 'Stream the answer as server-sent events.' })
  @IsOptional()
  @IsBoolean({ message: EXPECTED_BOOLEAN })
  stream?: boolean | null;

  @ApiProperty({
    type: StreamOptionsDto,
    required: false,
    nullable: true,
    description: 'What a stream contains in addition to the text.',
  })
  @IsOptional()
  @Nested(() => StreamOptionsDto, { message: EXPECTED_OBJECT })
  stream_options?: StreamOptionsDto | null;

  @Limit('The same as `max_completion_tokens`, which has priority.')
  max_tokens?: number | null;

  @Limit('The maximum length of the answer, in model tokens.')
  max_completion_tokens?: number | null;

  @ApiProperty({
    ...optional('integer'),
    enum: [1, null],
    description: 'Number of choices. Always 1.',
  })
  @IsOptional()
  @Equals(1, { message: 'Only one choice is made: expected 1.' })
  n?: number | null;

  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    maxItems: 0,
    required: false,
    nullable: true,
    deprecated: true,
    description:
      "OpenAI's older name for `tools`. Ignored beside `tools`, and refused without them. Use `tools`.",
  })
  @IsOptional()
  @ValidateIf(({ tools }: CompletionDto) => !tools?.length)
  @ArrayMaxSize(0, { message: 'No longer supported: send the functions as `tools`.' })
  functions?: readonly unknown[] | null;
}
