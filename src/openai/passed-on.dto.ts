import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { isFields } from '../json-fields.js';

/** Declares a field for the model. It is described in the schema, but its content is not checked. */
const Passed = (schema: ApiPropertyOptions): PropertyDecorator =>
  ApiProperty({ ...schema, required: false, nullable: true } as ApiPropertyOptions);

const anyObject = { type: 'object' as const, additionalProperties: true };

/**
 * Whether a tool is a function of the caller. Tools that run at the provider are refused, because the provider charges
 * for each call. So are functions in the form of `/v1/responses`, whose name and parameters would not be passed on.
 */
const isFunction = (tool: unknown): boolean =>
  isFields(tool) && tool['type'] === 'function' && isFields(tool['function']);

/** Whether a number may have lost digits when it was read, so that the model would get another one. */
const isRounded = (value: unknown) => Number.isInteger(value) && !Number.isSafeInteger(value);

/**
 * The fields that are passed on to the model unchanged. The list is complete: with each of these, the price
 * of an answer still depends only on its model tokens, or is flat. Fields that could cost more are not passed
 * on: other tiers, searches, more choices, other fallback models.
 */
export class PassedOnDto {
  @Passed({ type: 'array', items: anyObject, description: 'Functions that the model may call.' })
  @IsOptional()
  @ValidateBy(
    {
      name: 'tools',
      validator: { validate: (tools) => Array.isArray(tools) && tools.every(isFunction) },
    },
    {
      message:
        'Invalid value: expected an array of tools of the type function, each with its `function`.',
    },
  )
  tools?: readonly unknown[] | null;

  @Passed({ oneOf: [{ type: 'string' }, anyObject], description: 'Which tool the model calls.' })
  tool_choice?: unknown;

  @Passed({ type: 'boolean', description: 'Whether the model may call several tools at once.' })
  parallel_tool_calls?: unknown;

  @Passed({ ...anyObject, description: 'Text, JSON, or JSON with a schema.' })
  response_format?: unknown;

  @Passed({ type: 'number', description: 'How random the choice of words is.' })
  temperature?: unknown;

  @Passed({
    type: 'number',
    description: 'The share of the most likely words that the model chooses from.',
  })
  top_p?: unknown;

  @Passed({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    description: 'The answer ends before these words.',
  })
  stop?: unknown;

  @Passed({
    type: 'integer',
    description: 'Requests with the same seed get the same answer, if the model supports it.',
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
  })
  @IsOptional()
  @ValidateBy(
    { name: 'seed', validator: { validate: (seed) => !isRounded(seed) } },
    {
      message: `Invalid value: expected a whole number from ${String(Number.MIN_SAFE_INTEGER)} to ${String(Number.MAX_SAFE_INTEGER)}.`,
    },
  )
  seed?: unknown;

  @Passed({ type: 'number', description: 'Makes words that already appeared less likely.' })
  presence_penalty?: unknown;

  @Passed({ type: 'number', description: 'Makes words that appeared often less likely.' })
  frequency_penalty?: unknown;

  @Passed({ ...anyObject, description: 'Makes single model tokens more or less likely.' })
  logit_bias?: unknown;

  @Passed({
    type: 'string',
    description: 'How much the model thinks. The thinking counts as model tokens of the answer.',
  })
  reasoning_effort?: unknown;

  @Passed({ type: 'string', description: 'How long the answer is.' })
  verbosity?: unknown;

  @Passed({
    type: 'string',
    description: 'An id of the end user, with which the provider can detect abuse.',
  })
  user?: unknown;
}

/** The names of the fields of `PassedOnDto`. */
export const PASSED_ON = [
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'reasoning_effort',
  'verbosity',
  'user',
] as const satisfies readonly (keyof PassedOnDto)[];
